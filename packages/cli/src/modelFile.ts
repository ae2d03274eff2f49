import { readFile } from 'node:fs/promises';
import { InputError, type Model, readModel } from '@apb/core';

/** A model and the size of its file. */
export interface LoadedModel {
  readonly model: Model;
  readonly fileBytes: number;
}

/**
 * Reads a model file, or the model.safetensors of a run directory.
 * @throws InputError naming the file and what is wrong with it
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  const file = await readBytes(path);
  try {
    return { model: await readModel(file), fileBytes: file.byteLength };
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${path}: ${error.message}`);
    throw error;
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') return readBytes(`${path}/model.safetensors`);
    if (code === 'ENOENT')
      throw new InputError(`${path} does not exist; give a model file or a run directory`);
    throw new InputError(`${path} cannot be read (${code}); give a model file or a run directory`);
  }
}
