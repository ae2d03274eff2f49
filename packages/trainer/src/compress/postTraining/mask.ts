import { isBinarized } from '@apb/core';

const f = Math.fround;

/** Alpha and the mask follow from each other; they settle within a few rounds. */
const ROUNDS = 10;

/** Scale of weights that are all 0: above 0 as every scale, far below all others. */
const TINY = 2 ** -60;
/** The same of a row beside rows that are not. */
const TINY_SHARE = 2 ** -20;

/**
 * - layer: one alpha for the layer;
 * - channel: one for every output channel, all stored;
 * - norm: the rows first brought to one scale, for which the batch norm behind the layer makes up; then one alpha.
 */
export type Scaling = 'layer' | 'channel' | 'norm';

/** A split of weights [rows, k] by the APB predicate. */
export interface Split {
  /** [rows] alpha of each row; with `layer` all are equal. Each > 0. */
  readonly alpha: Float64Array;
  /** 1 where a weight keeps full precision. */
  readonly full: Uint8Array;
}

/**
 * Chooses alpha and delta so that at most `count` weights keep full precision: those that the predicate
 * `| |w| - alpha | < delta` (Nardini et al., arXiv 2306.08960) leaves out; with `norm` of rows divided by their alpha.
 * Fewer than `count` only where weights lie equally far from alpha. Alpha is the weighted least-squares fit to what is
 * binarized, delta the distance of the count-th farthest weight, in turns.
 * @param w row-major [rows, k]
 * @param energy [rows, k] or [k]: how much an error of each weight counts, at least 0
 */
export function split(
  w: Float64Array,
  rows: number,
  energy: Float64Array,
  count: number,
  scaling: Scaling,
): Split {
  const full = new Uint8Array(w.length);
  let alpha = fitAlpha(w, rows, energy, full, scaling);
  for (let round = 0; round < ROUNDS; round++) {
    const changed = cut(w, rows, alpha, count, scaling, full);
    if (changed === 0) return { alpha, full };
    alpha = fitAlpha(w, rows, energy, full, scaling);
  }
  cut(w, rows, alpha, count, scaling, full);
  return { alpha, full };
}

/** argmin over alpha of the sum of energy * (|w| - alpha)^2 over binarized weights. */
function fitAlpha(
  w: Float64Array,
  rows: number,
  energy: Float64Array,
  full: Uint8Array,
  scaling: Scaling,
): Float64Array {
  const k = w.length / rows;
  const sums = new Float64Array(rows);
  const weights = new Float64Array(rows);
  for (let r = 0; r < rows; r++)
    for (let j = 0, i = r * k; j < k; j++, i++) {
      if (full[i]) continue;
      const e = energy[energy.length === k ? j : i];
      sums[r] += e * Math.abs(w[i]);
      weights[r] += e;
    }
  const all = total(sums) / total(weights) || TINY;
  if (scaling === 'layer') return new Float64Array(rows).fill(all);
  // A row with no binarized weight takes the layer's.
  return sums.map((sum, r) => (weights[r] === 0 ? all : Math.max(sum / weights[r], TINY_SHARE * all)));
}

/** Marks the `count` weights farthest from alpha. @returns how many marks changed */
function cut(
  w: Float64Array,
  rows: number,
  alpha: Float64Array,
  count: number,
  scaling: Scaling,
  full: Uint8Array,
): number {
  const k = w.length / rows;
  const value = (i: number, r: number) => (scaling === 'norm' ? f(w[i] / alpha[r]) : w[i]);
  const centre = (r: number) => (scaling === 'norm' ? 1 : alpha[r]);
  const distances = new Float32Array(w.length);
  for (let i = 0; i < w.length; i++) {
    const r = Math.floor(i / k);
    distances[i] = Math.abs(f(f(Math.abs(value(i, r))) - f(centre(r))));
  }
  const delta = deltaFor(distances, count);
  let changed = 0;
  for (let i = 0; i < w.length; i++) {
    const r = Math.floor(i / k);
    const kept = isBinarized(value(i, r), centre(r), delta) ? 0 : 1;
    changed += kept ^ full[i];
    full[i] = kept;
  }
  return changed;
}

/** The smallest distance that at most `count` weights reach. */
function deltaFor(distances: Float32Array, count: number): number {
  const sorted = distances.slice().sort();
  if (count >= sorted.length) return 0;
  let at = sorted.length - count;
  while (at < sorted.length && sorted[at] === sorted[at - 1]) at++;
  return at < sorted.length ? sorted[at] : Number.POSITIVE_INFINITY;
}

function total(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
