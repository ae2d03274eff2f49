import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '@apb/core';
import { type Imported, importModel } from '@apb/interop';

/** What a folder may hold, in this order: a run, an export for TensorFlow.js. */
const IN_FOLDERS = ['model.safetensors', 'model.json'];

/** A network, whoever wrote it, and its file. */
export interface LoadedImport extends Imported {
  readonly file: string;
}

/**
 * Reads a network from a model file of ours, an ONNX file, a model.json of TensorFlow.js with its shards beside it, or
 * a folder with one of these.
 * @throws InputError naming the file and what is wrong with it
 */
export async function loadForeignModel(path: string): Promise<LoadedImport> {
  const file = await fileOf(path);
  const sibling = (name: string) => read(join(dirname(file), name));
  return { file, ...(await importModel(await read(file), { name: file, sibling })) };
}

async function fileOf(path: string): Promise<string> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory();
  if (!isFolder) return path;
  for (const name of IN_FOLDERS) {
    const file = join(path, name);
    if ((await stat(file).catch(() => undefined))?.isFile()) return file;
  }
  throw new InputError(`${path} holds neither ${IN_FOLDERS.join(' nor ')}; give a model file`);
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      code === 'ENOENT' ? `${file} does not exist; give a model file` : `${file} cannot be read (${code})`,
    );
  }
}
