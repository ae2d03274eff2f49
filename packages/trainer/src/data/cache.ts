import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputError } from '@apb/core';
import envPaths from 'env-paths';

/** A folder unpacked by a killed process is litter once it is this old, in milliseconds. */
const LITTER_AGE = 24 * 3600 * 1000;

/** Folder for downloads that outlive a checkout: `$APB_CACHE`, else the platform's cache folder for apb. */
export function cacheFolder(): string {
  return process.env.APB_CACHE ? resolve(process.env.APB_CACHE) : envPaths('apb', { suffix: '' }).cache;
}

/** Where a data set by that name is kept. */
export function datasetFolder(name: string): string {
  return join(cacheFolder(), 'datasets', name);
}

/** Makes `folder` and clears it of temporary folders that killed processes left a day ago or earlier. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      `the cache folder ${folder} cannot be made (${code}); set APB_CACHE to a folder you can write to`,
    );
  }
  for (const entry of await readdir(folder)) {
    if (!entry.includes('.tmp-')) continue;
    const path = join(folder, entry);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > LITTER_AGE) await rm(path, { recursive: true, force: true });
  }
}

/** Lower-case hexadecimal SHA-256. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
