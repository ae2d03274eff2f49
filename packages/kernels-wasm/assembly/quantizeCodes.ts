import {
  atLeast,
  atMost,
  LANES,
  loadFloats,
  mul,
  nearest,
  packCodes,
  planeBits,
  splat,
  storeInts,
  sub,
  toInts,
} from 'isa';

/** Codes of the 32 values that become one word of every plane. */
const stage = memory.data(4 * 32, 16);

/**
 * Packs rows of k floats into code planes: q = roundHalfEven(fl(fl(clip(x, low, high) - low) * inverse)), padding 0.
 * @param to plane p of row i starts at usize(p) * planeBytes + i * (words of k bits)
 */
export function quantizeCodes(
  to: usize,
  planeBytes: usize,
  bits: i32,
  from: usize,
  rows: i32,
  k: i32,
  low: f32,
  high: f32,
  inverse: f32,
): void {
  for (let row = 0; row < rows; row++, from += 4 * k)
    for (let column = 0; column < k; column += 32, to += 4) {
      const count = min(32, k - column);
      for (let i = 0; i < count; i += LANES) {
        const x = atMost(atLeast(loadFloats(from + 4 * (column + i)), splat(low)), splat(high));
        storeInts(stage + 4 * i, toInts(nearest(mul(sub(x, splat(low)), splat(inverse)))));
      }
      packCodes(stage);
      // What is staged beyond the end of a ragged row is cut off.
      const mask = u32(-1) >>> (32 - count);
      for (let p = 0; p < bits; p++) store<u32>(to + usize(p) * planeBytes, planeBits(stage, p) & mask);
    }
}
