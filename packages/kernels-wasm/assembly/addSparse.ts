import { add, LANES, loadFloats, loadInts, mul, select, splat, storeFloats } from 'isa';

/**
 * Adds the sparse term where a row has one: y[i, j] = fl(y[i, j] + fl(fl(step * T) + fl(base * R))), without
 * R for `residuals` = 0. Rows without full-precision weights keep y, and so the sign of a zero.
 * @param y [pixels, rows]  @param sums T, like y  @param mask [rows], all ones where a row has corrections
 * @param residuals R as [classes, rows], or 0  @param classes [pixels] row of `residuals`
 * @param rows a multiple of LANES
 */
export function addSparse(
  y: usize,
  pixels: i32,
  rows: i32,
  sums: usize,
  step: f32,
  mask: usize,
  base: f32,
  residuals: usize,
  classes: usize,
): void {
  for (let i = 0; i < pixels; i++) {
    const r = residuals ? residuals + 4 * (load<i32>(classes + 4 * i) * rows) : 0;
    for (let j = 0; j < rows; j += LANES, y += 4 * LANES, sums += 4 * LANES) {
      let term = mul(splat(step), loadFloats(sums));
      if (r) term = add(term, mul(splat(base), loadFloats(r + 4 * j)));
      const old = loadFloats(y);
      storeFloats(y, select(loadInts(mask + 4 * j), add(old, term), old));
    }
  }
}
