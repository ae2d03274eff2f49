import type { Planes } from '@apb/core';

/**
 * The canonical bit layout from its definition, byte by byte: value i of a row is bit `i % 8`, counted from
 * the least significant, of byte `floor(i / 8)` of that row; a row takes 4 * ceil(k / 32) bytes, unused bits
 * zero; rows follow each other within a plane, plane after plane, least significant plane first; 32-bit words
 * are those bytes read as little-endian.
 * @param codes row-major [rows, k]; for signs 1 stands for -1
 */
export function pack(
  kind: Planes['kind'],
  bits: number,
  rows: number,
  k: number,
  codes: ArrayLike<number>,
): Planes {
  const rowBytes = 4 * Math.ceil(k / 32);
  const bytes = new Uint8Array(bits * rows * rowBytes);
  for (let plane = 0; plane < bits; plane++)
    for (let row = 0; row < rows; row++) {
      const start = (plane * rows + row) * rowBytes;
      for (let i = 0; i < k; i++)
        bytes[start + Math.floor(i / 8)] |= ((codes[row * k + i] >> plane) & 1) << (i % 8);
    }
  const view = new DataView(bytes.buffer);
  const words = Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
  return { kind, bits, rows, k, words };
}

/** The codes, row-major [rows, k], that planes hold; bits beyond k are ignored. */
export function unpack({ bits, rows, k, words }: Planes): Uint8Array {
  const rowWords = Math.ceil(k / 32);
  const codes = new Uint8Array(rows * k);
  for (let plane = 0; plane < bits; plane++)
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < k; i++) {
        const word = words[(plane * rows + row) * rowWords + Math.floor(i / 32)];
        codes[row * k + i] |= ((word >>> (i % 32)) & 1) << plane;
      }
  return codes;
}
