import { add, Floats, LANES, loadFloats, loadSplat, mul, splat, storeFloats } from 'isa';
import { PANEL } from './floatPanel';

/**
 * One panel of weights by `pixels` patches of float input, read through the tap table without copying them:
 * to[i, 0..PANEL) = sum over taps, channels of panel * x, each sum in float32 in ascending order of k from +0.
 * @param pixels a multiple of 4  @param panel [taps * channels, PANEL]
 * @param table [pixels, taps] from tapTable  @param x first channel of the group in the first pixel
 * @param zeros `channels` zeros, what a tap outside the picture sees
 */
export function floatProduct(
  to: usize,
  toStride: usize,
  panel: usize,
  table: usize,
  pixels: i32,
  taps: i32,
  x: usize,
  pixelBytes: usize,
  channels: i32,
  zeros: usize,
): void {
  const tableStride = usize(4 * taps);
  for (let i = 0; i < pixels; i += 4, table += 3 * tableStride, to += 4 * toStride) {
    let a0 = splat(0), b0 = splat(0), a1 = splat(0), b1 = splat(0);
    let a2 = splat(0), b2 = splat(0), a3 = splat(0), b3 = splat(0);
    let w = panel;
    for (let tap = 0; tap < taps; tap++, table += 4) {
      const x0 = pixelAt(table, x, pixelBytes, zeros);
      const x1 = pixelAt(table + tableStride, x, pixelBytes, zeros);
      const x2 = pixelAt(table + 2 * tableStride, x, pixelBytes, zeros);
      const x3 = pixelAt(table + 3 * tableStride, x, pixelBytes, zeros);
      const end = usize(4 * channels);
      for (let c: usize = 0; c < end; c += 4, w += 4 * PANEL) {
        const low = loadFloats(w);
        const high = loadFloats(w + 4 * LANES);
        const v0 = loadSplat(x0 + c);
        a0 = add(a0, mul(low, v0));
        b0 = add(b0, mul(high, v0));
        const v1 = loadSplat(x1 + c);
        a1 = add(a1, mul(low, v1));
        b1 = add(b1, mul(high, v1));
        const v2 = loadSplat(x2 + c);
        a2 = add(a2, mul(low, v2));
        b2 = add(b2, mul(high, v2));
        const v3 = loadSplat(x3 + c);
        a3 = add(a3, mul(low, v3));
        b3 = add(b3, mul(high, v3));
      }
    }
    storePair(to, a0, b0);
    storePair(to + toStride, a1, b1);
    storePair(to + 2 * toStride, a2, b2);
    storePair(to + 3 * toStride, a3, b3);
  }
}

@inline
function pixelAt(table: usize, x: usize, pixelBytes: usize, zeros: usize): usize {
  const pixel = load<i32>(table);
  return pixel < 0 ? zeros : x + usize(pixel) * pixelBytes;
}

@inline
function storePair(to: usize, low: Floats, high: Floats): void {
  storeFloats(to, low);
  storeFloats(to + 4 * LANES, high);
}
