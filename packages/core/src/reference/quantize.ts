import { checkQuantizer, expectShape, sameEncoding } from '../backend/checks.js';
import { encodingOf, type Quantizer, quantizeValue } from '../backend/quantizer.js';
import { packCodes, packSigns } from '../bits/planes.js';
import { planeSize, type ReferenceBuffer } from './buffer.js';

/** Float -> planes of the same shape. */
export function quantize(quantizer: Quantizer, x: ReferenceBuffer, out: ReferenceBuffer): void {
  expectShape(out.shape, x.shape, 'the output of quantize');
  storePlanes(x.floats, quantizer, out);
}

/** Quantizes values into planes that were made for this quantizer. */
export function storePlanes(values: Float32Array, quantizer: Quantizer, out: ReferenceBuffer): void {
  checkQuantizer(quantizer);
  if (!sameEncoding(out.encoding, encodingOf(quantizer)))
    throw new RangeError('the output planes have another encoding than the quantizer writes');
  const { rows, k } = planeSize(out.shape);
  const packed =
    quantizer.kind === 'sign'
      ? packSigns(values, rows, k)
      : packCodes(
          Uint8Array.from(values, x => quantizeValue(x, quantizer)),
          quantizer.bits,
          rows,
          k,
        );
  out.planes.words.set(packed.words);
}
