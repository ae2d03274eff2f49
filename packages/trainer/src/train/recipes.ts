import { readdir, readFile } from 'node:fs/promises';
import { InputError } from '@apb/core';
import { parse } from 'yaml';

const folder = new URL('../../recipes/', import.meta.url);

/**
 * The settings of a named recipe; `trainRun` checks them one by one.
 * @throws InputError for an unknown name, listing the known ones
 */
export async function readRecipe(name: string): Promise<object> {
  const known = await recipeNames();
  if (!known.includes(name))
    throw new InputError(`there is no recipe ${JSON.stringify(name)}; known are ${known.join(', ')}`);
  return parse(await readFile(new URL(`${name}.yaml`, folder), 'utf8'));
}

/** The recipes that come with the package. */
export async function recipeNames(): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter(file => file.endsWith('.yaml'))
    .map(file => file.slice(0, -'.yaml'.length))
    .sort();
}
