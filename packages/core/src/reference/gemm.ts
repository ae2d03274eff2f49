import { expectRank, expectShape } from '../backend/checks.js';
import type { Epilogue } from '../backend/op.js';
import type { ReferenceBuffer } from './buffer.js';
import { finish } from './epilogue.js';
import { inputValues, patchProduct } from './product.js';
import type { ReferenceWeights } from './weights.js';

/** [m, k] x weights [n, k] -> [m, n]. */
export function gemm(
  epilogue: Epilogue,
  x: ReferenceBuffer,
  weights: ReferenceWeights,
  residual: ReferenceBuffer | undefined,
  out: ReferenceBuffer,
): void {
  const m = matchInput(x, weights);
  const { rows, k } = weights;
  expectShape(out.shape, [m, rows], 'the output of gemm');
  const product = patchProduct(weights.data, x);
  const products = new Float32Array(m * rows);
  const values = inputValues(x);
  const inside = Uint8Array.of(1);
  for (let i = 0; i < m; i++)
    product({ values: values.subarray(i * k, (i + 1) * k), inside }, [0, rows], products, i * rows);
  finish(products, epilogue, residual, out);
}

/** Checks that x is [m, k] of the width the weights were prepared for. @returns m */
export function matchInput(x: ReferenceBuffer, weights: ReferenceWeights): number {
  if (weights.geometry)
    throw new RangeError('these weights were prepared for a convolution, not a matrix product');
  expectRank(x.shape, 2, 'the input of a matrix product');
  expectShape(x.shape, [x.shape[0], weights.k], 'the input of this matrix product');
  matchWidth(x, weights);
  return x.shape[0];
}

/** @throws RangeError when the activations' bits are not those the weights were prepared for */
export function matchWidth(x: ReferenceBuffer, weights: ReferenceWeights): void {
  const bits = x.spec.kind === 'float' ? 32 : x.spec.encoding.bits;
  if (weights.product.split('/')[1] !== String(bits))
    throw new RangeError(`weights prepared for ${weights.product} cannot meet ${bits}-bit activations`);
}
