import { expectShape } from '../backend/checks.js';
import { dequantizeValue } from '../backend/quantizer.js';
import { unpack } from '../bits/planes.js';
import type { ReferenceBuffer } from './buffer.js';

/** Planes -> the floats they stand for, of the same shape. */
export function dequantize(x: ReferenceBuffer, out: ReferenceBuffer): void {
  expectShape(out.shape, x.shape, 'the output of dequantize');
  const { encoding } = x;
  const to = out.floats;
  // unpack gives -1 and +1 for signs, where dequantizeValue takes the bit.
  unpack(x.planes).forEach((v, i) => {
    to[i] = dequantizeValue(encoding.kind === 'sign' ? Number(v < 0) : v, encoding);
  });
}
