import { InputError } from '@apb/core';
import type { OpenFile } from './load.js';
import type { Incoming } from './source.js';

/** Paths and file: URLs. Node's modules are imported when one is opened. */
export const openFile: OpenFile = (source, signal) => {
  if (source instanceof URL) return source.protocol === 'file:' ? readFile(source, signal) : undefined;
  if (/^file:/i.test(source)) return readFile(new URL(source), signal);
  // One letter before the colon is a drive.
  return /^[a-z][a-z0-9+.-]+:/i.test(source) ? undefined : readFile(source, signal);
};

async function readFile(source: string | URL, signal?: AbortSignal): Promise<Incoming> {
  const { createReadStream } = await import('node:fs');
  const { stat } = await import('node:fs/promises');
  const { fileURLToPath } = await import('node:url');
  const path = source instanceof URL ? fileURLToPath(source) : source;
  const found = await stat(path).catch(error => {
    const reason = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code})`;
    throw new InputError(`${path} ${reason}; give the path of a model file`, { cause: error });
  });
  if (!found.isFile()) throw new InputError(`${path} is no file; give the path of a model file`);
  return { name: path, total: found.size, chunks: createReadStream(path, { signal }) };
}
