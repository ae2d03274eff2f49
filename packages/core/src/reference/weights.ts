import { recompose, residual, type SparseRows } from '../apb/decompose.js';
import { checkWeights } from '../backend/checkWeights.js';
import type { KernelWeights, PreparedWeights, WeightUse } from '../backend/contract.js';
import type { ConvGeometry } from '../backend/geometry.js';
import type { Product } from '../backend/op.js';
import { unpack } from '../bits/planes.js';
import { assertFinite } from '../tensor/tensor.js';
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
  const { product, rows, k, geometry } = checkWeights(weights, use);
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
      return { kind: 'float', rows, k, values: weights.values.slice() };
    case 'twoBit': {
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

function bytesOf(content: IntWeights | FloatWeights): number {
  if (content.kind === 'float') return content.values.byteLength;
  const { codes, tapSums, scales, sparse } = content;
  const dense = codes.byteLength + tapSums.byteLength + scales.byteLength;
  return sparse
    ? dense + sparse.rowStart.byteLength + sparse.columns.byteLength + sparse.values.byteLength
    : dense;
}
