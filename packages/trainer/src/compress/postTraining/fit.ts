import { compensate } from './compensate.js';
import type { Layer } from './layers.js';
import { type Scaling, split } from './mask.js';
import type { Moments } from './moments.js';
import { refine } from './refine.js';

/** The compressed form of a layer in double precision: `alpha[row] * sign` but where `full` is 1, there `value`. */
export interface Fit {
  /** [rows] */
  readonly alpha: Float64Array;
  /** [rows, k], 1 where a weight keeps full precision. */
  readonly full: Uint8Array;
  /** [rows, k]: the weights that result. */
  readonly values: Float64Array;
  /** Energy of the output's error over that of the output, about its means; of the weights without data. */
  readonly error: number;
}

export interface Aim {
  readonly count: number;
  readonly scaling: Scaling;
}

/**
 * Compresses one layer to `count` full-precision weights. With moments the output's error counts: the mask by the
 * predicate, alpha fitted to the weights in the measure of their inputs' variances, then signs column by column, each
 * column's error made up for by those to come (GPTQ, Frantar et al., arXiv 2210.17323), at last a descent over signs,
 * full-precision values and alphas. Without, the error of the weights themselves.
 */
export function fitLayer(layer: Layer, w: Float32Array, { count, scaling }: Aim, moments?: Moments): Fit {
  const target = moments ? moments.target : Float64Array.from(w);
  const { alpha, full } = split(target, layer.rows, energyOf(layer, moments), count, scaling);
  const values = target.slice();
  if (!moments) {
    for (let i = 0; i < values.length; i++)
      if (!full[i]) values[i] = (values[i] < 0 ? -1 : 1) * alpha[Math.floor(i / layer.k)];
    return { alpha, full, values, error: plainError(target, values, layer, scaling) };
  }
  compensate(layer, values, alpha, full, moments);
  const energies = refine(layer, target, values, alpha, full, moments, scaling);
  return { alpha, full, values, error: relative(energies.error, energies.output, scaling) };
}

/** How much an error of a weight counts: the variance of its input. [k], or [rows, k] where groups differ. */
function energyOf({ rows, k }: Layer, moments?: Moments): Float64Array {
  if (!moments) return new Float64Array(k).fill(1);
  const energy = new Float64Array(rows * k);
  const perGroup = rows / moments.groups.length;
  for (let r = 0; r < rows; r++)
    for (const { start, size, covariance } of moments.groups[Math.floor(r / perGroup)])
      for (let j = 0; j < size; j++) energy[r * k + start + j] = covariance[j * size + j];
  return energy;
}

function plainError(w: Float64Array, values: Float64Array, { rows, k }: Layer, scaling: Scaling): number {
  const error = new Float64Array(rows);
  const energy = new Float64Array(rows);
  for (let i = 0; i < w.length; i++) {
    const r = Math.floor(i / k);
    error[r] += (values[i] - w[i]) ** 2;
    energy[r] += w[i] ** 2;
  }
  return relative(error, energy, scaling);
}

/** With a batch norm behind, every channel counts alike, whatever its scale. */
function relative(error: Float64Array, energy: Float64Array, scaling: Scaling): number {
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  // Weights of 0 are met as nearly as one likes by a tiny alpha.
  const share = (e: number, of: number) => (of > 0 ? e / of : 0);
  if (scaling !== 'norm') return share(sum(error), sum(energy));
  return sum(error.map((e, r) => share(e, energy[r]))) / error.length;
}
