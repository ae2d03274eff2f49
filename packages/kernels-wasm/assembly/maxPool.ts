import { atLeast, LANES, loadFloats, splat, storeFirst } from 'isa';

/**
 * to[i, c] = the largest in-bounds value of a window; the first of equals, which decides between +0 and -0.
 * @param table [pixels, taps] from tapTable, at least one tap of each pixel inside
 */
export function maxPool(to: usize, table: usize, pixels: i32, taps: i32, from: usize, channels: i32): void {
  const pixelBytes = usize(4 * channels);
  for (let i = 0; i < pixels; i++, to += pixelBytes, table += 4 * taps)
    for (let c = 0; c < channels; c += LANES) {
      let best = splat(-Infinity);
      for (let tap = 0; tap < taps; tap++) {
        const pixel = load<i32>(table + 4 * tap);
        if (pixel >= 0) best = atLeast(loadFloats(from + usize(pixel) * pixelBytes + 4 * c), best);
      }
      storeFirst(to + 4 * c, best, channels - c);
    }
}
