import { LANES, loadInts, storeInts, subInts } from 'isa';

/**
 * What taps outside the picture added to a sign product (their bits are 0, which reads as +1):
 * y[i, j] -= table[classes[i], j].
 * @param y [pixels, rows] int32  @param rows a multiple of LANES
 */
export function subtractRows(y: usize, pixels: i32, rows: i32, table: usize, classes: usize): void {
  for (let i = 0; i < pixels; i++) {
    const row = table + 4 * (load<i32>(classes + 4 * i) * rows);
    for (let j = 0; j < rows; j += LANES, y += 4 * LANES)
      storeInts(y, subInts(loadInts(y), loadInts(row + 4 * j)));
  }
}
