import { LANES, loadFloats, mul, storeFirst, whereNegative } from 'isa';

/** to[i, j] = x < 0 ? fl(slopes[j] * x) : x on contiguous [rows, columns]; `to` may be `from`. */
export function prelu(to: usize, from: usize, rows: i32, columns: i32, slopes: usize): void {
  const stride = usize(4 * columns);
  for (let i = 0; i < rows; i++, to += stride, from += stride)
    for (let j = 0; j < columns; j += LANES) {
      const x = loadFloats(from + 4 * j);
      storeFirst(to + 4 * j, whereNegative(x, mul(loadFloats(slopes + 4 * j), x)), columns - j);
    }
}
