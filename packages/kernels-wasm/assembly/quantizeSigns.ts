import { LANES, loadFloats, negativeBits } from 'isa';

/** Packs rows of k floats into a sign plane: bit 1 where x < 0, padding 0. @param to rows of whole 32-bit words */
export function quantizeSigns(to: usize, from: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row++, from += 4 * k)
    for (let column = 0; column < k; column += 32, to += 4) {
      const count = min(32, k - column);
      let word: u32 = 0;
      for (let i = 0; i < count; i += LANES) word |= negativeBits(loadFloats(from + 4 * (column + i))) << i;
      // The last vector of a ragged row reads past its end.
      store<u32>(to, count < 32 ? word & ((1 << count) - 1) : word);
    }
}
