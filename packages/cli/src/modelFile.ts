import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, type Model, readModel } from '@apb/core';

/** A model and its file. */
export interface LoadedModel {
  readonly model: Model;
  readonly file: string;
  readonly fileBytes: number;
}

/**
 * Reads a model file, or the model.safetensors of a run directory.
 * @throws InputError naming the file and what is wrong with it
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  const { file, bytes } = await readBytes(path);
  try {
    return { model: await readModel(bytes), file, fileBytes: bytes.byteLength };
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${path}: ${error.message}`);
    throw error;
  }
}

async function readBytes(path: string): Promise<{ file: string; bytes: Uint8Array }> {
  try {
    const found = await stat(path);
    const file = found.isDirectory() ? join(path, 'model.safetensors') : path;
    if (!(await stat(file)).isFile())
      throw new InputError(`${file} is no file; give a model file or a run directory`);
    return { file, bytes: await readFile(file) };
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code, path: missing = path } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new InputError(`${missing} does not exist; give a model file or a run directory`);
    throw new InputError(`${path} cannot be read (${code}); give a model file or a run directory`);
  }
}
