import { InputError } from '@apb/core';

/** How the n summands of a scalar's gradient are scaled: not, by 1/n, or by 1/sqrt(n) (LSQ, arXiv 1902.08153). */
export type Reduction = 'sum' | 'mean' | 'lsq';

/** What a sum of n terms is multiplied by. */
export function reductionFactor(reduction: Reduction, n: number): number {
  if (reduction === 'sum') return 1;
  return reduction === 'mean' ? 1 / n : 1 / Math.sqrt(n);
}

/** @throws InputError for an unknown name */
export function checkReduction(reduction: Reduction): void {
  if (!['sum', 'mean', 'lsq'].includes(reduction))
    throw new InputError(`reduction ${String(reduction)} is unknown; use sum, mean or lsq`);
}

/** Sums `term(i)` over the places that share one of `groups` numbers (the last axis), times `factor`; float64 inside. */
export function groupSums(
  size: number,
  groups: number,
  factor: number,
  term: (i: number) => number,
): Float32Array {
  const sums = new Float64Array(groups);
  for (let i = 0, c = 0; i < size; i++) {
    sums[c] += term(i);
    if (++c === groups) c = 0;
  }
  return Float32Array.from(sums, sum => sum * factor);
}
