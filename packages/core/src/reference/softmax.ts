import { expectShape } from '../backend/checks.js';
import type { ReferenceBuffer } from './buffer.js';

/** exp(x - max) / sum over the last axis, in float64 and rounded once to float32. */
export function softmax(x: ReferenceBuffer, out: ReferenceBuffer): void {
  expectShape(out.shape, x.shape, 'the output of softmax');
  if (x.shape.length === 0) throw new RangeError('softmax needs at least one axis');
  const channels = x.shape[x.shape.length - 1];
  const from = x.floats;
  const to = out.floats;
  for (let start = 0; start < from.length; start += channels) {
    const row = Float64Array.from(from.subarray(start, start + channels));
    const top = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map(v => Math.exp(v - top));
    const sum = powers.reduce((a, b) => a + b);
    for (let c = 0; c < channels; c++) to[start + c] = powers[c] / sum;
  }
}
