import { InputError } from '@apb/core';
import type { Incoming, LoadOptions } from './source.js';

const LARGEST_FILE = 2 ** 30;
/** Memory taken before that much has arrived: a sender's word for the size is no reason to take more. */
const LARGEST_FIRST = 64 * 2 ** 20;

/**
 * All bytes of a file.
 * @throws InputError when it is larger than allowed or breaks off; the signal's reason when it fires
 */
export async function collect(
  { name, total, chunks }: Incoming,
  { onProgress, signal, maxBytes = LARGEST_FILE }: LoadOptions,
): Promise<Uint8Array> {
  if (total !== undefined && total > maxBytes) throw tooLarge(name, total, maxBytes);
  let bytes = new Uint8Array(Math.min(total ?? 2 ** 20, LARGEST_FIRST));
  let loaded = 0;
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      const end = loaded + chunk.length;
      if (end > maxBytes) throw tooLarge(name, end, maxBytes);
      if (end > bytes.length)
        bytes = grown(bytes, Math.max(end, Math.min(2 * bytes.length, total ?? maxBytes)));
      bytes.set(chunk, loaded);
      loaded = end;
      // More than promised: the size was that of a compressed body.
      onProgress?.(total !== undefined && total >= loaded ? { loaded, total } : { loaded });
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof InputError) throw error;
    throw brokenOff(name, loaded, total, error);
  }
  signal?.throwIfAborted();
  if (total !== undefined && loaded < total) throw brokenOff(name, loaded, total);
  onProgress?.({ loaded, total: loaded });
  return bytes.subarray(0, loaded);
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}

function tooLarge(name: string, bytes: number, limit: number): InputError {
  return new InputError(
    `${name} has ${bytes} bytes or more, at most ${limit} are allowed; give a smaller model or a larger maxBytes`,
  );
}

function brokenOff(name: string, loaded: number, total: number | undefined, cause?: unknown): InputError {
  const reason = cause instanceof Error && cause.message ? ` (${cause.message})` : '';
  const of = total === undefined ? '' : ` of ${total}`;
  return new InputError(`${name} breaks off after ${loaded}${of} bytes${reason}; load it again`, { cause });
}
