import { UNIT } from './float.js';
import type { Bounded } from './product.js';

/** Roundings that an implementation of exp may cost; good ones stay below 2. */
const EXP = 8;

/**
 * exp(x - max) / sum over the last axis of `k` values. With d_j = max - x_j: fl(d_j) is off by UNIT*|d_j|, which
 * changes exp by that much of itself; exp costs EXP roundings; the sum is a weighted mean of its terms' errors
 * and k - 1 additions; a division or a reciprocal and a product cost two. Results below the smallest normal
 * float32 may vanish.
 */
export function softmax(x: Float32Array, k: number): Bounded {
  const values = new Float64Array(x.length);
  const errors = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += k) {
    const d = Array.from(x.subarray(row, row + k));
    const max = Math.max(...d);
    for (let i = 0; i < k; i++) d[i] = max - d[i];
    const terms = d.map(v => Math.exp(-v));
    const sum = terms.reduce((a, b) => a + b, 0);
    const spread = d.reduce((a, v, i) => a + (v * terms[i]) / sum, 0);
    for (let i = 0; i < k; i++) {
      values[row + i] = terms[i] / sum;
      const roundings = d[i] + EXP + spread + EXP + (k - 1) + 2;
      // 1.01 covers products of these small errors.
      errors[row + i] = 1.01 * roundings * UNIT * values[row + i] + 2 ** -126;
    }
  }
  return { values, errors };
}
