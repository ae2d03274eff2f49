import { type ApbWeights, recompose, residual, type SparseRows } from '../apb/decompose.js';
import type { KernelWeights, PreparedWeights, WeightUse } from '../backend/contract.js';
import type { ConvGeometry } from '../backend/geometry.js';
import { type Product, productOf } from '../backend/op.js';
import { type Planes, unpack, validatePlanes } from '../bits/planes.js';
import { assertFinite } from '../tensor/tensor.js';
import { checkConvGeometry } from './checks.js';
import type { Lifetime } from './lifetime.js';

/** Weights of a layer with quantized input: integers, a scale, a sparse residual. */
export interface IntWeights {
  readonly kind: 'int';
  readonly rows: number;
  readonly k: number;
  /** Row-major [rows, k], integers: s = +-1 for binary, 2p - 3 for 2-bit weights. */
  readonly codes: Float32Array;
  /** Kernel positions of a convolution, 1 for a matrix product; k = taps * channels. */
  readonly taps: number;
  /** [rows, taps]: sum of the codes of one tap, so that S adds up over in-bounds taps. */
  readonly tapSums: Int32Array;
  /** alpha: one for the layer or one per row. */
  readonly scales: Float32Array;
  readonly sparse?: SparseRows;
}

/** Weights of a layer with float input; W_hat recomposed for 1/32. */
export interface FloatWeights {
  readonly kind: 'float';
  readonly rows: number;
  readonly k: number;
  /** Row-major [rows, k]. */
  readonly values: Float32Array;
}

export class ReferenceWeights implements PreparedWeights {
  readonly rows: number;
  readonly k: number;
  readonly bytes: number;
  private content: IntWeights | FloatWeights | undefined;

  constructor(
    readonly owner: Lifetime,
    readonly product: Product,
    readonly geometry: ConvGeometry | undefined,
    content: IntWeights | FloatWeights,
  ) {
    this.rows = content.rows;
    this.k = content.k;
    this.bytes = bytesOf(content);
    this.content = content;
  }

  get data(): IntWeights | FloatWeights {
    this.owner.assertReady();
    if (!this.content) throw new Error('these prepared weights have been disposed');
    return this.content;
  }

  dispose(): void {
    this.content = undefined;
  }
}

/** Checks everything and unpacks once. @throws as KernelBackend.prepareWeights */
export function prepare(weights: KernelWeights, use: WeightUse, owner: Lifetime): ReferenceWeights {
  const weightBits = weights.kind === 'apb' ? 1 : weights.kind === 'twoBit' ? 2 : 32;
  const product = productOf(weightBits, use.activationBits);
  if (!product) throw new Error(`the reference backend has no product ${weightBits}/${use.activationBits}`);
  const { rows, k } = sizeOfWeights(weights);
  const geometry = use.geometry && { ...use.geometry };
  if (geometry) checkAgainst(geometry, rows, k);
  if (use.activationBits !== 32) checkOverflow(k, weightBits === 2 ? 3 : 1, use.activationBits);
  const taps = geometry ? geometry.kernel[0] * geometry.kernel[1] : 1;
  return new ReferenceWeights(
    owner,
    product,
    geometry,
    unpackWeights(weights, use.activationBits === 32, rows, k, taps),
  );
}

function unpackWeights(
  weights: KernelWeights,
  floatInput: boolean,
  rows: number,
  k: number,
  taps: number,
): IntWeights | FloatWeights {
  switch (weights.kind) {
    case 'float':
      if (weights.values.length !== rows * k)
        throw new RangeError(`weights [${rows}, ${k}] need ${rows * k} values, got ${weights.values.length}`);
      assertFinite(weights.values, 'the weights');
      return { kind: 'float', rows, k, values: weights.values.slice() };
    case 'twoBit': {
      checkPlanes(weights.codes, 'code', 2);
      checkScales(weights.scales, rows);
      const codes = new Float32Array(unpack(weights.codes).map(p => 2 * p - 3));
      return {
        kind: 'int',
        rows,
        k,
        codes,
        taps,
        tapSums: sumTaps(codes, rows, taps),
        scales: weights.scales.slice(),
      };
    }
    case 'apb': {
      checkPlanes(weights.signs, 'sign', 1);
      checkScales(weights.scales, rows);
      checkSparse(weights, rows * k);
      if (floatInput) return { kind: 'float', rows, k, values: recompose(weights) };
      const codes = new Float32Array(unpack(weights.signs));
      const sparse = residual(weights);
      assertFinite(sparse.values, 'the residual of the weights');
      const tapSums = sumTaps(codes, rows, taps);
      const scales = weights.scales.slice();
      return {
        kind: 'int',
        rows,
        k,
        codes,
        taps,
        tapSums,
        scales,
        ...(sparse.values.length ? { sparse } : {}),
      };
    }
  }
}

function sumTaps(codes: Float32Array, rows: number, taps: number): Int32Array {
  const sums = new Int32Array(rows * taps);
  const channels = codes.length / sums.length;
  for (let i = 0; i < codes.length; i++) sums[Math.floor(i / channels)] += codes[i];
  return sums;
}

function sizeOfWeights(weights: KernelWeights): { rows: number; k: number } {
  const { rows, k } =
    weights.kind === 'apb' ? weights.signs : weights.kind === 'twoBit' ? weights.codes : weights;
  if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(k) || rows < 1 || k < 1)
    throw new RangeError(`weights of ${rows} rows and ${k} columns are empty or not whole`);
  return { rows, k };
}

function checkAgainst(g: ConvGeometry, rows: number, k: number): void {
  checkConvGeometry(g);
  const expected = g.kernel[0] * g.kernel[1] * (g.inChannels / g.groups);
  if (rows !== g.outChannels || k !== expected)
    throw new RangeError(
      `weights of this convolution must be [${g.outChannels}, ${expected}], got [${rows}, ${k}]`,
    );
}

/** |acc| <= k * maxWeight * (2^bits - 1) must stay below 2^31. */
function checkOverflow(k: number, maxWeight: number, bits: number): void {
  if (k * maxWeight * (2 ** bits - 1) >= 2 ** 31)
    throw new RangeError(
      `k = ${k} with ${bits}-bit activations can exceed 32-bit sums; split the layer or use fewer bits`,
    );
}

function checkPlanes(planes: Planes, kind: 'sign' | 'code', bits: number): void {
  validatePlanes(planes);
  if (planes.kind !== kind || planes.bits !== bits)
    throw new RangeError(
      `weights need ${bits}-bit ${kind} planes, got ${planes.bits}-bit ${planes.kind} planes`,
    );
}

function checkScales(scales: Float32Array, rows: number): void {
  if (scales.length !== 1 && scales.length !== rows)
    throw new RangeError(`scales must be 1 or ${rows} (one per output channel), got ${scales.length}`);
  for (const s of scales)
    if (!(s > 0) || !Number.isFinite(s)) throw new RangeError(`scale ${s} is not a positive finite number`);
}

function checkSparse({ positions, values }: ApbWeights, size: number): void {
  if (positions.length !== values.length)
    throw new RangeError(`${positions.length} positions do not match ${values.length} full-precision values`);
  assertFinite(values, 'the full-precision weights');
  for (let i = 0; i < positions.length; i++) {
    if (positions[i] >= size) throw new RangeError(`position ${positions[i]} is outside ${size} weights`);
    if (i > 0 && positions[i] <= positions[i - 1])
      throw new RangeError(`positions must ascend, but ${positions[i]} follows ${positions[i - 1]}`);
  }
}

function bytesOf(content: IntWeights | FloatWeights): number {
  if (content.kind === 'float') return content.values.byteLength;
  const { codes, tapSums, scales, sparse } = content;
  const dense = codes.byteLength + tapSums.byteLength + scales.byteLength;
  return sparse
    ? dense + sparse.rowStart.byteLength + sparse.columns.byteLength + sparse.values.byteLength
    : dense;
}
