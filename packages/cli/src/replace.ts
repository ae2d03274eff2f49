import { mkdir, mkdtemp, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '@apb/core';

/**
 * Writes a file beside its place and renames it, so that nobody ever sees half of it. Makes missing folders.
 * @throws InputError when the place is a folder or cannot be written
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await orInputError(path, async () => {
    await refuseFolder(path);
    await beside(path, async work => {
      const file = join(work, basename(path));
      await writeSynced(file, bytes);
      await rename(file, path);
    });
  });
}

/**
 * Writes a folder of files beside its place and renames it. A folder of the same export that is there is replaced.
 * @param files by name
 * @param isOurs whether a file of this name may be replaced
 * @throws InputError when the place is a file, holds other files or cannot be written
 */
export async function replaceFolder(
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
  isOurs: (name: string) => boolean,
): Promise<void> {
  await orInputError(path, async () => {
    const before = await namesIn(path);
    const other = before?.find(name => !isOurs(name));
    if (other !== undefined)
      throw new InputError(
        `${path} holds ${other}, which is no file of an export; give another folder with --out`,
      );
    await beside(path, async work => {
      const folder = join(work, 'new');
      await mkdir(folder);
      for (const [name, bytes] of files) await writeSynced(join(folder, name), bytes);
      if (before) await rename(path, join(work, 'old'));
      await rename(folder, path);
    });
  });
}

/** @throws InputError when the place of a file is a folder, which can be known before the file is made */
export async function refuseFolder(path: string): Promise<void> {
  if (await isFolder(path)) throw new InputError(`${path} is a folder; give a file with --out`);
}

/** Whether two paths lead to the same file, through links too. */
export async function samePlace(a: string, b: string): Promise<boolean> {
  const real = (path: string) => realpath(path).catch(() => resolve(path));
  return (await real(a)) === (await real(b));
}

/** Lends a folder on the same disk as `path`, removed at the end, whatever happens. */
async function beside(path: string, run: (work: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const work = await mkdtemp(join(dirname(path), `.${basename(path)}-`));
  try {
    await run(work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Names of a folder's entries; undefined where nothing is. */
async function namesIn(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') throw new InputError(`${path} is a file; give a folder with --out`);
    throw error;
  }
}

/** A place that cannot be written is the user's to change. */
async function orInputError(path: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof InputError || code === undefined) throw error;
    throw new InputError(`${path} cannot be written (${code}); give another place with --out`);
  }
}
