import { InputError } from '@apb/core';

/** Type code of unsigned bytes, the only one these data sets use. */
const UINT8 = 0x08;

/**
 * Reads an IDX file of unsigned bytes (the format of MNIST): two zero bytes, a type code, the number of axes,
 * each axis as a big-endian uint32, then the values row-major.
 * @param what names the file in errors
 * @returns the shape and a view of the values
 * @throws InputError when any field contradicts the file
 */
export function parseIdx(bytes: Uint8Array, what: string): { shape: number[]; values: Uint8Array } {
  const refuse = (reason: string): never => {
    throw new InputError(`${what} is not a valid IDX file: ${reason}; fetch the data set again`);
  };
  if (bytes.length < 4) refuse(`${bytes.length} bytes hold no header`);
  if (bytes[0] !== 0 || bytes[1] !== 0) refuse('it does not start with two zero bytes');
  if (bytes[2] !== UINT8) refuse(`its values have type code ${bytes[2]}, not ${UINT8} (unsigned bytes)`);
  const axes = bytes[3];
  if (axes === 0) refuse('it has no axes');
  const start = 4 + 4 * axes;
  if (bytes.length < start) refuse(`${bytes.length} bytes end inside the header of ${axes} axes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 + 4 * i));
  // At most 255 axes below 2^32 each: the product may round or overflow, but never to a wrong small number.
  const size = shape.reduce((n, d) => n * d, 1);
  if (size !== bytes.length - start)
    refuse(`shape [${shape}] needs ${size} bytes, it has ${bytes.length - start}`);
  return { shape, values: bytes.subarray(start) };
}
