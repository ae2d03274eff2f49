import { sameEncoding } from '../backend/checks.js';
import { packCodes, packSigns, unpack } from '../bits/planes.js';
import { sizeOf } from '../tensor/shape.js';
import { planeSize, type ReferenceBuffer } from './buffer.js';

/** The same values in the same row-major order; planes are repacked where the last axis changes. */
export function reshape(x: ReferenceBuffer, out: ReferenceBuffer): void {
  if (sizeOf(x.shape) !== sizeOf(out.shape))
    throw new RangeError(`[${x.shape}] cannot be reshaped to [${out.shape}]`);
  if (x.spec.kind === 'float') {
    out.floats.set(x.floats);
    return;
  }
  if (!sameEncoding(x.encoding, out.encoding))
    throw new RangeError('reshape cannot change the encoding of planes');
  const { rows, k } = planeSize(out.shape);
  const values = unpack(x.planes);
  const { kind, bits } = x.encoding;
  const packed =
    kind === 'sign'
      ? packSigns(Float32Array.from(values), rows, k)
      : packCodes(Uint8Array.from(values), bits, rows, k);
  out.planes.words.set(packed.words);
}
