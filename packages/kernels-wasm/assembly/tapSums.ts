import { countBits } from './bits';

/**
 * Adds factor * (sum of the signs of one tap) to to[tap * toStride + 4 * row], for every tap and row.
 * @param from packed sign rows of rowBytes; a row is taps * channels bits
 */
export function tapSums(
  to: usize,
  toStride: usize,
  from: usize,
  rowBytes: usize,
  rows: i32,
  taps: i32,
  channels: i32,
  factor: i32,
): void {
  for (let row = 0; row < rows; row++)
    for (let tap = 0; tap < taps; tap++) {
      const at = to + usize(tap) * toStride + 4 * row;
      const negative = countBits(from + usize(row) * rowBytes, tap * channels, channels);
      store<i32>(at, load<i32>(at) + factor * (channels - 2 * negative));
    }
}
