import { addInts, LANES, loadInts, storeInts, zeroInts } from 'isa';

/**
 * Sums over a choice of taps: to[j] = sum over taps t with mask[t] of sums[t, j].
 * @param mask [taps] bytes  @param sums [taps, rows]  @param rows a multiple of LANES
 */
export function sumTaps(to: usize, sums: usize, mask: usize, taps: i32, rows: i32): void {
  for (let j = 0; j < rows; j += LANES) {
    let total = zeroInts();
    for (let t = 0; t < taps; t++)
      if (load<u8>(mask + t)) total = addInts(total, loadInts(sums + 4 * (t * rows + j)));
    storeInts(to + 4 * j, total);
  }
}
