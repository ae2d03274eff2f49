import { readFile, stat } from 'node:fs/promises';
import { InputError } from '@apb/core';
import type { ProductShape } from '@apb/kernels-native/bench';

/** A list of shapes is a few lines; larger files are not one. */
const MOST_SHAPE_BYTES = 1e6;

/** The benchmarks come with the native kernels, which are optional. */
export async function nativeBench(): Promise<typeof import('@apb/kernels-native/bench')> {
  try {
    return await import('@apb/kernels-native/bench');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new InputError('the kernel benchmarks need @apb/kernels-native: npm install @apb/kernels-native');
  }
}

/**
 * Shapes from a file of lines `m,k,n`.
 * @throws InputError naming the file or the line
 */
export async function readShapes(file: string): Promise<ProductShape[]> {
  const { parseShapes } = await nativeBench();
  return parseShapes(await textOf(file), file);
}

async function textOf(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > MOST_SHAPE_BYTES) throw new Error('it is too large for a list of shapes');
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new InputError(`cannot read ${file}: ${(error as Error).message}`);
  }
}
