import {
  type KernelWeights,
  type Planes,
  type Product,
  productOf,
  validatePlanes,
  type WeightUse,
} from '@apb/core';
import type { SourceWeights } from './addon.js';

const NONE = { positions: new Uint32Array(0), values: new Float32Array(0) };

/**
 * Weights in the form the addon takes; it checks lengths, values and positions itself.
 * @throws RangeError on planes of the wrong kind or with padding bits set
 */
export function sourceWeights(weights: KernelWeights): SourceWeights {
  switch (weights.kind) {
    case 'apb': {
      const { signs, scales, positions, values } = weights;
      checkPlanes(signs, 'sign', 1);
      return { rows: signs.rows, k: signs.k, bits: 1, planes: signs.words, scales, positions, values };
    }
    case 'twoBit': {
      const { codes, scales } = weights;
      checkPlanes(codes, 'code', 2);
      return { rows: codes.rows, k: codes.k, bits: 2, planes: codes.words, scales, ...NONE };
    }
    case 'float':
      return { rows: weights.rows, k: weights.k, bits: 32, values: weights.values };
  }
}

/** @throws Error when the contract has no such product */
export function productFor({ bits }: SourceWeights, { activationBits }: WeightUse): Product {
  const product = productOf(bits, activationBits);
  if (!product) throw new Error(`the native backend has no product ${bits}/${activationBits}`);
  return product;
}

function checkPlanes(planes: Planes, kind: 'sign' | 'code', bits: number): void {
  validatePlanes(planes);
  if (planes.kind !== kind || planes.bits !== bits)
    throw new RangeError(
      `weights need ${bits}-bit ${kind} planes, got ${planes.bits}-bit ${planes.kind} planes`,
    );
}
