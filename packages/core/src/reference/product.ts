import { type SparseRows, scaleOf } from '../apb/decompose.js';
import type { Encoding } from '../backend/quantizer.js';
import { unpack } from '../bits/planes.js';
import type { ReferenceBuffer } from './buffer.js';
import type { FloatWeights, IntWeights } from './weights.js';

const f = Math.fround;

/**
 * What one output position sees: k values in the order of a weight row, 0 at taps outside the picture, and
 * which taps are inside. A matrix product has one tap, always inside.
 */
export interface Patch {
  readonly values: Float32Array;
  readonly inside: Uint8Array;
}

/** Consecutive rows of a weight matrix, the last exclusive. */
export type RowRange = readonly [from: number, to: number];

/** Writes the products of a patch with some rows to `out`, from `at` on. */
export type PatchProduct = (patch: Patch, rows: RowRange, out: Float32Array, at: number) => void;

/** The product of a layer's weights with patches of its input. */
export function patchProduct(w: IntWeights | FloatWeights, x: ReferenceBuffer): PatchProduct {
  const acc = new Float64Array(w.rows);
  if (w.kind === 'float') return (patch, rows, out, at) => floatProduct(w, patch, rows, acc, out, at);
  const { encoding } = x;
  return (patch, rows, out, at) => intProduct(w, encoding, patch, rows, acc, out, at);
}

/** The numbers a layer multiplies, row-major: floats as they are, -1 and +1 for signs, q for codes. */
export function inputValues(x: ReferenceBuffer): Float32Array {
  return x.spec.kind === 'float' ? x.floats : new Float32Array(unpack(x.planes));
}

/**
 * sums[j] = sum over i < k of weights[(from + j) * k + i] * values[i] in float64, one term after the other.
 * Exact for weight and activation codes, whose sums stay below 2^31 by the check at preparation. Four rows at
 * a time, since one sum alone would wait for each addition: 2.5 times as fast.
 */
export function dotRows(
  weights: Float32Array,
  values: Float32Array,
  k: number,
  [from, to]: RowRange,
  sums: Float64Array,
): void {
  let row = from;
  for (; row + 4 <= to; row += 4) {
    const [r0, r1, r2, r3] = [row * k, (row + 1) * k, (row + 2) * k, (row + 3) * k];
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < k; i++) {
      const v = values[i];
      a += weights[r0 + i] * v;
      b += weights[r1 + i] * v;
      c += weights[r2 + i] * v;
      d += weights[r3 + i] * v;
    }
    const at = row - from;
    sums[at] = a;
    sums[at + 1] = b;
    sums[at + 2] = c;
    sums[at + 3] = d;
  }
  for (; row < to; row++) {
    let a = 0;
    for (let i = 0; i < k; i++) a += weights[row * k + i] * values[i];
    sums[row - from] = a;
  }
}

/**
 * Products of one patch of quantized input with some rows, by the formula of Epilogue (op.ts): every float
 * operation rounds to float32. Zeros at outside taps leave acc as it is; S, T and R skip them.
 * @param acc scratch, a number for each row
 */
function intProduct(
  w: IntWeights,
  encoding: Encoding,
  { values, inside }: Patch,
  rows: RowRange,
  acc: Float64Array,
  out: Float32Array,
  at: number,
): void {
  const { scales, sparse } = w;
  const { step, base } = encoding.kind === 'sign' ? { step: encoding.scale, base: 0 } : encoding;
  dotRows(w.codes, values, w.k, rows, acc);
  const [from, to] = rows;
  for (let row = from; row < to; row++) {
    const alpha = scaleOf(scales, row);
    let y = f(f(alpha * step) * f(acc[row - from]));
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
  values: Float32Array,
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
 * Products of one patch of float input with some rows: accumulated in float64 and rounded once to float32. That
 * is the specification's best value; other backends accumulate in float32 and stay within the bound of a
 * k-term sum, k * 2^-24 * sum(|w*x|).
 */
function floatProduct(
  { k, values: weights }: FloatWeights,
  { values }: Patch,
  rows: RowRange,
  acc: Float64Array,
  out: Float32Array,
  at: number,
): void {
  dotRows(weights, values, k, rows, acc);
  for (let j = 0; j < rows[1] - rows[0]; j++) out[at + j] = acc[j];
}
