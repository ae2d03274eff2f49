import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@apb/core';
import { datasetFolder, sha256 } from './cache.js';
import { specOf } from './catalog.js';
import type { Dataset } from './dataset.js';
import { parseIdx } from './idx.js';
import { MemorySplit } from './memorySplit.js';
import type { DatasetSpec, Part, SplitParts } from './spec.js';

/** A data set whose pictures are all in memory. */
export interface MemoryDataset extends Dataset {
  readonly train: MemorySplit;
  readonly test: MemorySplit;
}

/**
 * Reads a fetched data set from the cache; every byte is checked against the pinned checksums, which takes
 * about a second for 200 MB.
 * @throws InputError for an unknown name, a set that is not there and a damaged file, naming it and the fix
 */
export async function loadDataset(name: string): Promise<MemoryDataset> {
  const spec = specOf(name);
  const { shape, classes, mean, std } = spec;
  return { name, shape, classes, mean, std, ...(await readSplits(datasetFolder(name), spec)) };
}

/** Both splits of a data set that lies in `dir`. */
export async function readSplits(
  dir: string,
  spec: DatasetSpec,
): Promise<Pick<MemoryDataset, 'train' | 'test'>> {
  return { train: await readSplit(dir, spec, spec.train), test: await readSplit(dir, spec, spec.test) };
}

async function readSplit(
  dir: string,
  spec: DatasetSpec,
  { images, labels }: SplitParts,
): Promise<MemorySplit> {
  const pixels: Uint8Array[] = [];
  for (const part of images) pixels.push(await readPart(dir, spec, part));
  const classes = await readPart(dir, spec, labels);
  return new MemorySplit(pixels.length === 1 ? pixels[0] : Buffer.concat(pixels), classes, spec.shape);
}

/** The values of one file, without its header. */
async function readPart(dir: string, { name, idx }: DatasetSpec, part: Part): Promise<Uint8Array> {
  const path = join(dir, part.file);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new InputError(`data set ${name} is not here; run \`apb data fetch ${name}\``);
  });
  if (bytes.length !== part.bytes || sha256(bytes) !== part.sha256)
    throw new InputError(
      `${path} is damaged; run \`apb data fetch ${name}\` to fetch data set ${name} again`,
    );
  return idx ? parseIdx(bytes, path).values : bytes;
}
