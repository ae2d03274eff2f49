import { add, LANES, loadFloats, loadInts, mul, storeFloats, toFloats } from 'isa';

/**
 * The base's share of a code product: y[i, j] = fl(y[i, j] + fl(scale[j] * float(S))), S = table[classes[i], j]
 * the sum of the weight codes over in-bounds taps.
 * @param y [pixels, rows] float32  @param rows a multiple of LANES
 */
export function addBase(y: usize, pixels: i32, rows: i32, scale: usize, table: usize, classes: usize): void {
  for (let i = 0; i < pixels; i++) {
    const sums = table + 4 * (load<i32>(classes + 4 * i) * rows);
    for (let j = 0; j < rows; j += LANES, y += 4 * LANES)
      storeFloats(y, add(loadFloats(y), mul(loadFloats(scale + 4 * j), toFloats(loadInts(sums + 4 * j)))));
  }
}
