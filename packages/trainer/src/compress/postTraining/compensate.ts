import { cholesky, inverseOfLower } from './cholesky.js';
import type { Layer } from './layers.js';
import type { Block, Moments } from './moments.js';

/**
 * Rounds binarized weights to `alpha * sign` one column after the other, and moves the columns that are left so that the
 * output changes least: GPTQ (Frantar et al., arXiv 2210.17323), whose rows of the inverse's Cholesky factor say how.
 * Columns of the largest input variance go first, as there most is left to make up for them. Weights in full precision
 * take what reaches them and add no error.
 * @param values in: the target weights [rows, k]; out: what they become
 */
export function compensate(
  { rows, k }: Layer,
  values: Float64Array,
  alpha: Float64Array,
  full: Uint8Array,
  { groups }: Moments,
): void {
  const perGroup = rows / groups.length;
  groups.forEach((blocks, g) => {
    for (const block of blocks) {
      const { order, factor } = factored(block);
      for (let r = g * perGroup; r < (g + 1) * perGroup; r++) {
        const from = r * k + block.start;
        compensateRow(values.subarray(from), full.subarray(from), alpha[r], order, factor);
      }
    }
  });
}

function compensateRow(
  row: Float64Array,
  full: Uint8Array,
  alpha: number,
  order: Uint32Array,
  factor: Float64Array,
): void {
  const n = order.length;
  for (let p = n - 1; p >= 0; p--) {
    const j = order[p];
    if (full[j]) continue;
    const rounded = row[j] < 0 ? -alpha : alpha;
    const error = (row[j] - rounded) / factor[p * n + p];
    row[j] = rounded;
    for (let c = 0; c < p; c++) row[order[c]] -= error * factor[p * n + c];
  }
}

const factors = new WeakMap<Block, { order: Uint32Array; factor: Float64Array }>();

/**
 * Columns in order of variance, and M, lower triangular, with M^T M the inverse of the covariance in that order: its
 * last row serves the first column to be rounded. Kept with the block, which is fitted several times.
 */
function factored(block: Block): { order: Uint32Array; factor: Float64Array } {
  const known = factors.get(block);
  if (known) return known;
  const { size, covariance } = block;
  const order = Uint32Array.from({ length: size }, (_, i) => i).sort(
    (a, b) => covariance[a * size + a] - covariance[b * size + b],
  );
  const permuted = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) permuted[i * size + j] = covariance[order[i] * size + order[j]];
  const made = { order, factor: inverseOfLower(cholesky(permuted, size), size) };
  factors.set(block, made);
  return made;
}
