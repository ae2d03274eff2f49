import { type Planes, packSigns, unpack } from '../bits/planes.js';
import { assertFinite } from '../tensor/tensor.js';
import { isBinarized } from './predicate.js';

const f = Math.fround;

/**
 * A compressed layer of `rows` output channels and `k` weights a row, k over (kh, kw, c).
 * Everywhere but at `positions` the weight is `sign * scale`; there it is `values` as they stand.
 */
export interface ApbWeights {
  /** Sign planes [rows, k]; they cover every position, the full-precision ones too. */
  readonly signs: Planes;
  /** One scale for the layer, or one per output channel; each > 0. */
  readonly scales: Float32Array;
  /** Flat indices (row * k + column) of full-precision weights, ascending and distinct. */
  readonly positions: Uint32Array;
  /** Full-precision values of w at `positions`. */
  readonly values: Float32Array;
}

/** R = w - scale * sign(w) at full-precision positions: compressed sparse rows, one row an output channel. */
export interface SparseRows {
  readonly rows: number;
  readonly k: number;
  /** [rows + 1]; the terms of row r are rowStart[r] .. rowStart[r + 1] - 1. */
  readonly rowStart: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

/**
 * Splits latent weights into signs, scales and full-precision weights.
 * @param w row-major [rows, k], finite
 * @param scales alpha, one for the layer or one per row, each > 0
 * @param delta half-width of the binarized interval; Infinity binarizes every weight
 */
export function decompose(
  w: Float32Array,
  rows: number,
  k: number,
  scales: Float32Array,
  delta: number,
): ApbWeights {
  assertFinite(w, 'the weights');
  checkScales(scales, rows);
  const positions: number[] = [];
  for (let i = 0; i < w.length; i++) {
    const alpha = scales.length === 1 ? scales[0] : scales[Math.floor(i / k)];
    if (!isBinarized(w[i], alpha, delta)) positions.push(i);
  }
  return {
    signs: packSigns(w, rows, k),
    scales: scales.slice(),
    positions: Uint32Array.from(positions),
    values: Float32Array.from(positions, i => w[i]),
  };
}

/** The dense W_hat [rows, k] that compressed weights stand for. */
export function recompose(weights: ApbWeights): Float32Array {
  const { signs, scales, positions, values } = weights;
  const signed = unpack(signs);
  const dense = new Float32Array(signed.length);
  for (let i = 0; i < dense.length; i++) dense[i] = signed[i] * scaleOf(scales, Math.floor(i / signs.k));
  positions.forEach((at, i) => {
    dense[at] = values[i];
  });
  return dense;
}

/** The sparse residual R with W_hat = scale * S + R, each value rounded once to float32. */
export function residual(weights: ApbWeights): SparseRows {
  const { signs, scales, positions, values } = weights;
  const { rows, k } = signs;
  const signed = unpack(signs);
  const rowStart = new Uint32Array(rows + 1);
  for (const at of positions) rowStart[Math.floor(at / k) + 1]++;
  for (let r = 0; r < rows; r++) rowStart[r + 1] += rowStart[r];
  return {
    rows,
    k,
    rowStart,
    columns: positions.map(at => at % k),
    values: values.map((w, i) => f(w - signed[positions[i]] * scaleOf(scales, Math.floor(positions[i] / k)))),
  };
}

/** Scale of output channel `row`. */
export function scaleOf(scales: Float32Array, row: number): number {
  return scales.length === 1 ? scales[0] : scales[row];
}

function checkScales(scales: Float32Array, rows: number): void {
  if (scales.length !== 1 && scales.length !== rows)
    throw new RangeError(`scales must be 1 or ${rows} (one per output channel), got ${scales.length}`);
  for (const s of scales)
    if (!(s > 0) || !Number.isFinite(s)) throw new RangeError(`scale ${s} is not a positive finite number`);
}
