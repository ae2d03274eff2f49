import { type SparseRows, scaleOf } from '../apb/decompose.js';
import type { Encoding } from '../backend/quantizer.js';
import type { FloatWeights, IntWeights } from './weights.js';

const f = Math.fround;

/**
 * What one output position sees: k values in the order of a weight row, 0 at taps outside the picture, and
 * which taps are inside. A matrix product has one tap, always inside.
 */
export interface Patch {
  readonly values: Int16Array | Float32Array;
  readonly inside: Uint8Array;
}

/** sum over k of weight code * activation code: exact, |sum| < 2^31 by the check at preparation. */
export function dot(codes: Int8Array, from: number, values: Int16Array, k: number): number {
  let acc = 0;
  for (let i = 0; i < k; i++) acc += codes[from + i] * values[i];
  return acc;
}

/**
 * Products of one patch of quantized input with rows [from, to), by the formula of Epilogue (op.ts):
 * every float operation rounds to float32. Zeros at outside taps leave acc as it is; S, T and R skip them.
 */
export function intProduct(
  w: IntWeights,
  encoding: Encoding,
  { values, inside }: Patch & { values: Int16Array },
  [from, to]: readonly [number, number],
  out: Float32Array,
  at: number,
): void {
  const { k, codes, scales, sparse } = w;
  const { step, base } = encoding.kind === 'sign' ? { step: encoding.scale, base: 0 } : encoding;
  for (let row = from; row < to; row++) {
    const alpha = scaleOf(scales, row);
    let y = f(f(alpha * step) * f(dot(codes, row * k, values, k)));
    if (base !== 0) y = f(y + f(f(alpha * base) * f(sumInside(w, row, inside))));
    if (sparse && sparse.rowStart[row] < sparse.rowStart[row + 1])
      y = f(y + sparseTerm(sparse, row, step, base, values, inside));
    out[at + row - from] = y;
  }
}

/** S: sum of the row's weight codes over in-bounds taps. */
function sumInside({ taps, tapSums }: IntWeights, row: number, inside: Uint8Array): number {
  let sum = 0;
  for (let t = 0; t < taps; t++) if (inside[t]) sum += tapSums[row * taps + t];
  return sum;
}

/** fl(fl(step * T) + fl(base * R)), T and R in float32 in CSR order from +0, in-bounds taps only. */
function sparseTerm(
  { rowStart, columns, values: residuals, k }: SparseRows,
  row: number,
  step: number,
  base: number,
  values: Int16Array,
  inside: Uint8Array,
): number {
  const channels = k / inside.length;
  let t = 0;
  let r = 0;
  for (let i = rowStart[row]; i < rowStart[row + 1]; i++) {
    const column = columns[i];
    if (!inside[Math.floor(column / channels)]) continue;
    t = f(t + f(residuals[i] * values[column]));
    r = f(r + residuals[i]);
  }
  return base === 0 ? f(step * t) : f(f(step * t) + f(base * r));
}

/**
 * Products of one patch of float input with rows [from, to): accumulated in float64 and rounded once to
 * float32. That is the specification's best value; other backends accumulate in float32 and stay within the
 * bound of a k-term sum, k * 2^-24 * sum(|w*x|).
 */
export function floatProduct(
  { k, values: weights }: FloatWeights,
  { values }: Patch & { values: Float32Array },
  [from, to]: readonly [number, number],
  out: Float32Array,
  at: number,
): void {
  for (let row = from; row < to; row++) {
    let acc = 0;
    const start = row * k;
    for (let i = 0; i < k; i++) acc += weights[start + i] * values[i];
    out[at + row - from] = acc;
  }
}
