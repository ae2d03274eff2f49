import { LANES, loadFloats, negativeBits, negativeBits32 } from 'isa';

/** Packs rows of k floats into a sign plane: bit 1 where x < 0, padding 0. @param to rows of whole 32-bit words */
export function quantizeSigns(to: usize, from: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row++, from += 4 * k)
    for (let column = 0; column < k; column += 32, to += 4) {
      const at = from + 4 * column;
      store<u32>(to, k - column < 32 ? firstBits(at, k - column) : negativeBits32(at));
    }
}

/** The last vector reads past the end of a row, whose bits are cut off. */
@inline
function firstBits(from: usize, count: i32): u32 {
  let word: u32 = 0;
  for (let i = 0; i < count; i += LANES) word |= negativeBits(loadFloats(from + 4 * i)) << i;
  return word & ((1 << count) - 1);
}
