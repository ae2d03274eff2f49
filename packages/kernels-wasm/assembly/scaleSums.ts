import { LANES, loadFloats, loadInts, mul, storeFloats, toFloats } from 'isa';

/**
 * to[i, j] = fl(scale[j] * float(sums[i, j])), the conversion rounded to nearest even.
 * @param rows a multiple of LANES
 */
export function scaleSums(to: usize, sums: usize, pixels: i32, rows: i32, scale: usize): void {
  for (let i = 0; i < pixels; i++)
    for (let j = 0; j < rows; j += LANES, to += 4 * LANES, sums += 4 * LANES)
      storeFloats(to, mul(loadFloats(scale + 4 * j), toFloats(loadInts(sums))));
}
