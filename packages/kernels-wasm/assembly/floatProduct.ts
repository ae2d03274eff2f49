import { add, Floats, LANES, loadFloats, loadSplat, mul, splat, storeFloats } from 'isa';
import { PANEL } from './floatPanel';

/** Columns of a panel that pass over all pixels before the next ones: 16 KiB of weights with SIMD. */
const BLOCK: i32 = 512;

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
  for (let i = 0; i < pixels; i++) storePair(to + usize(i) * toStride, splat(0), splat(0));
  const tapsAtOnce = max(1, BLOCK / channels);
  for (let tap = 0; tap < taps; tap += tapsAtOnce)
    for (let c = 0; c < channels; c += BLOCK) {
      const columns = min(BLOCK, channels - c);
      const some = min(tapsAtOnce, taps - tap);
      addBlock(to, toStride, panel, table + 4 * tap, 4 * taps, pixels, some, x + 4 * c, pixelBytes, columns, zeros);
      panel += usize(4 * PANEL * columns * some);
    }
}

/** Adds the products of some taps and channels, a tile of 4 pixels at a time. */
@inline
function addBlock(
  to: usize,
  toStride: usize,
  panel: usize,
  table: usize,
  tableStride: usize,
  pixels: i32,
  taps: i32,
  x: usize,
  pixelBytes: usize,
  columns: i32,
  zeros: usize,
): void {
  const end = usize(4 * columns);
  for (let i = 0; i < pixels; i += 4, table += 4 * tableStride) {
    const to1 = to + toStride;
    const to2 = to1 + toStride;
    const to3 = to2 + toStride;
    let a0 = loadFloats(to), b0 = loadFloats(to + 4 * LANES);
    let a1 = loadFloats(to1), b1 = loadFloats(to1 + 4 * LANES);
    let a2 = loadFloats(to2), b2 = loadFloats(to2 + 4 * LANES);
    let a3 = loadFloats(to3), b3 = loadFloats(to3 + 4 * LANES);
    let w = panel;
    for (let tap: usize = 0; tap < usize(4 * taps); tap += 4) {
      let at = table + tap;
      const x0 = pixelAt(at, x, pixelBytes, zeros);
      const x1 = pixelAt((at += tableStride), x, pixelBytes, zeros);
      const x2 = pixelAt((at += tableStride), x, pixelBytes, zeros);
      const x3 = pixelAt(at + tableStride, x, pixelBytes, zeros);
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
    storePair(to1, a1, b1);
    storePair(to2, a2, b2);
    storePair(to3, a3, b3);
    to = to3 + toStride;
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
