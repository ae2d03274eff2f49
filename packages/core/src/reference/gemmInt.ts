import { unpack } from '../bits/planes.js';
import type { ReferenceBuffer } from './buffer.js';
import { matchInput } from './gemm.js';
import { dot } from './product.js';
import type { ReferenceWeights } from './weights.js';

/** out[i * rows + j] = sum over k of weight code j times activation i, exact. */
export function gemmInt(a: ReferenceBuffer, weights: ReferenceWeights, out: Int32Array): void {
  const w = weights.data;
  if (w.kind !== 'int')
    throw new RangeError(
      `gemmInt needs quantized activations, the weights were prepared for ${weights.product}`,
    );
  const m = matchInput(a, weights);
  const { rows, k, codes } = w;
  if (out.length !== m * rows)
    throw new RangeError(`the output of gemmInt must hold ${m * rows} values, got ${out.length}`);
  const values = unpack(a.planes);
  for (let i = 0; i < m; i++) {
    const row = values.subarray(i * k, (i + 1) * k);
    for (let j = 0; j < rows; j++) out[i * rows + j] = dot(codes, j * k, row, k);
  }
}
