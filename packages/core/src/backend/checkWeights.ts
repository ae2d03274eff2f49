import type { ApbWeights } from '../apb/decompose.js';
import { type Planes, validatePlanes } from '../bits/planes.js';
import { assertFinite } from '../tensor/tensor.js';
import { checkConvGeometry } from './checks.js';
import type { KernelWeights, WeightUse } from './contract.js';
import type { ConvGeometry } from './geometry.js';
import { type Product, productOf } from './op.js';

/** Bits of a weight, as products name them. */
const weightBits = { apb: 1, twoBit: 2, float: 32 } as const;

/** What prepareWeights needs to know of weights that passed. */
export interface CheckedWeights {
  readonly product: Product;
  readonly rows: number;
  readonly k: number;
  /** A copy: the caller's may change later. */
  readonly geometry?: ConvGeometry;
}

/**
 * Everything that KernelBackend.prepareWeights promises to refuse, for every backend.
 * @throws RangeError for wrong shapes, scales, positions, values or sums that can overflow; Error for a product
 *   that the contract does not have
 */
export function checkWeights(weights: KernelWeights, use: WeightUse): CheckedWeights {
  const bits = weightBits[weights.kind];
  const product = productOf(bits, use.activationBits);
  if (!product) throw new Error(`there is no product ${bits}/${use.activationBits}`);
  const { rows, k } = sizeOfWeights(weights);
  const geometry = use.geometry && { ...use.geometry };
  if (geometry) checkAgainst(geometry, rows, k);
  if (use.activationBits !== 32) checkOverflow(k, bits === 2 ? 3 : 1, use.activationBits);
  checkContent(weights, rows, k);
  return { product, rows, k, geometry };
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

function checkContent(weights: KernelWeights, rows: number, k: number): void {
  switch (weights.kind) {
    case 'float':
      if (weights.values.length !== rows * k)
        throw new RangeError(`weights [${rows}, ${k}] need ${rows * k} values, got ${weights.values.length}`);
      assertFinite(weights.values, 'the weights');
      return;
    case 'twoBit':
      checkPlanes(weights.codes, 'code', 2);
      checkScales(weights.scales, rows);
      return;
    case 'apb':
      checkPlanes(weights.signs, 'sign', 1);
      checkScales(weights.scales, rows);
      checkSparse(weights, rows * k);
      return;
  }
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
