import { add, LANES, loadFloats, mul, storeFirst } from 'isa';

/** to[i, j] = fl(fl(from[i, j] * scale[j]) + shift[j]); strides in bytes, the two may be one matrix. */
export function affine(
  to: usize,
  toStride: usize,
  from: usize,
  fromStride: usize,
  rows: i32,
  columns: i32,
  scale: usize,
  shift: usize,
): void {
  for (let i = 0; i < rows; i++, to += toStride, from += fromStride)
    for (let j = 0; j < columns; j += LANES)
      storeFirst(
        to + 4 * j,
        add(mul(loadFloats(from + 4 * j), loadFloats(scale + 4 * j)), loadFloats(shift + 4 * j)),
        columns - j,
      );
}
