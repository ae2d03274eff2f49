import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Files of more bytes are refused before they are read: 100 megapixels of JPEG are well below. */
const MAX_BYTES = 2 ** 28;

const startsWith = (bytes: Uint8Array, start: readonly number[]) => start.every((b, i) => bytes[i] === b);
const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * The bytes of a JPEG or PNG file, told by its first bytes: whatever its name claims, no other decoder meets it.
 * @throws Error saying what is wrong with it
 */
export function readPictureFile(path: string): Uint8Array {
  // Without waiting: a named pipe would never open.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error('it is no file');
    if (stat.size === 0) throw new Error('it is empty');
    if (stat.size > MAX_BYTES) throw new Error(`it has ${stat.size} bytes, more than ${MAX_BYTES}`);
    const bytes = new Uint8Array(stat.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    if (!startsWith(bytes, JPEG) && !startsWith(bytes, PNG)) throw new Error('it is neither JPEG nor PNG');
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}
