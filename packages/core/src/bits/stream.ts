import { allocPlanes, type Planes, wordsPerRow } from './planes.js';

/**
 * The file's bit layout: all bits of a tensor in one contiguous stream, least significant bit first, no
 * padding between rows and one zero-filled tail. Rows in memory are padded to words; rows in files are not.
 */

/** Bytes of a stream of `count` fields of `bits` bits. */
export function streamBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/** Planes -> the stream of their [rows, k] values, each field `bits` wide. */
export function planesToStream(planes: Planes): Uint8Array {
  const { bits, rows, k, words } = planes;
  const perRow = wordsPerRow(k);
  const out = new Uint8Array(streamBytes(rows * k, bits));
  let at = 0;
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < k; i++)
      for (let p = 0; p < bits; p++, at++)
        out[at >>> 3] |= ((words[(p * rows + r) * perRow + (i >>> 5)] >>> (i & 31)) & 1) << (at & 7);
  return out;
}

/**
 * The stream of [rows, k] fields -> planes.
 * @throws RangeError when the length is wrong or a tail bit is set
 */
export function streamToPlanes(
  stream: Uint8Array,
  kind: 'sign' | 'code',
  bits: number,
  rows: number,
  k: number,
): Planes {
  const count = rows * k * bits;
  if (stream.length !== streamBytes(rows * k, bits))
    throw new RangeError(
      `a stream of ${count} bits has ${streamBytes(rows * k, bits)} bytes, got ${stream.length}`,
    );
  if (count & 7 && stream[stream.length - 1] >>> (count & 7))
    throw new RangeError('tail bits of the stream are not zero');
  const planes = allocPlanes(kind, bits, rows, k);
  const perRow = wordsPerRow(k);
  let at = 0;
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < k; i++)
      for (let p = 0; p < bits; p++, at++)
        if ((stream[at >>> 3] >>> (at & 7)) & 1)
          planes.words[(p * rows + r) * perRow + (i >>> 5)] |= 1 << (i & 31);
  return planes;
}
