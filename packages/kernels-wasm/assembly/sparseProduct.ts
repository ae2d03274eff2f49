import { add, LANES, loadFloats, loadSplat, mul, scatter, splat } from 'isa';

/**
 * T = sum over the full-precision weights of a row of fl(r * q), in float32 in their order from +0, for LANES
 * patches at once: to[lane * toStride + 4 * row]. Rows without such weights are left as they are. A tap outside
 * the picture adds r * 0, which changes nothing: the sum starts at +0 and so is never -0.
 * @param panel from unpackCodes or unpackSigns  @param rowStart [rows + 1]
 */
export function sparseProduct(
  to: usize,
  toStride: usize,
  panel: usize,
  rows: i32,
  rowStart: usize,
  columns: usize,
  values: usize,
): void {
  for (let row = 0; row < rows; row++, to += 4, rowStart += 4) {
    const first = load<u32>(rowStart);
    const end = load<u32>(rowStart + 4);
    if (first == end) continue;
    let sum = splat(0);
    for (let i = usize(first); i < usize(end); i++) {
      const column = usize(load<u32>(columns + 4 * i));
      sum = add(sum, mul(loadSplat(values + 4 * i), loadFloats(panel + 4 * LANES * column)));
    }
    scatter(to, toStride, sum);
  }
}
