import { add, LANES, loadFloats, mul, splat, storeFirst } from 'isa';

/**
 * to[i, c] = fl(sum * fl(1 / count)), the in-bounds values of a window summed in float32 in row-major order from
 * +0; count is `whole`, or the in-bounds taps for whole = 0.
 * @param table [pixels, taps] from tapTable, at least one tap of each pixel inside
 */
export function avgPool(
  to: usize,
  table: usize,
  pixels: i32,
  taps: i32,
  from: usize,
  channels: i32,
  whole: i32,
): void {
  const pixelBytes = usize(4 * channels);
  for (let i = 0; i < pixels; i++, to += pixelBytes, table += 4 * taps) {
    let count = whole;
    if (!whole) for (let tap = 0; tap < taps; tap++) count += i32(load<i32>(table + 4 * tap) >= 0);
    const factor = splat(f32(1) / f32(count));
    for (let c = 0; c < channels; c += LANES) {
      let sum = splat(0);
      for (let tap = 0; tap < taps; tap++) {
        const pixel = load<i32>(table + 4 * tap);
        if (pixel >= 0) sum = add(sum, loadFloats(from + usize(pixel) * pixelBytes + 4 * c));
      }
      storeFirst(to + 4 * c, mul(sum, factor), channels - c);
    }
  }
}
