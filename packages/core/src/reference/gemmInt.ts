import type { ReferenceBuffer } from './buffer.js';
import { matchInput } from './gemm.js';
import { dotRows, inputValues } from './product.js';
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
  const values = inputValues(a);
  const sums = new Float64Array(rows);
  for (let i = 0; i < m; i++) {
    dotRows(codes, values.subarray(i * k, (i + 1) * k), k, [0, rows], sums);
    out.set(sums, i * rows);
  }
}
