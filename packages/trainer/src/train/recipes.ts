import { readdirSync, readFileSync } from 'node:fs';
import { InputError } from '@apb/core';
import { parse } from 'yaml';

const folder = new URL('../../recipes/', import.meta.url);

/**
 * The settings of a named recipe, unchecked.
 * @throws InputError for an unknown name, listing the known ones
 */
export function readRecipe(name: string): object {
  const known = recipeNames();
  if (!known.includes(name))
    throw new InputError(`there is no recipe ${JSON.stringify(name)}; known are ${known.join(', ')}`);
  return parse(readFileSync(new URL(`${name}.yaml`, folder), 'utf8'));
}

/** The recipes that come with the package. */
export function recipeNames(): string[] {
  return readdirSync(folder)
    .filter(file => file.endsWith('.yaml'))
    .map(file => file.slice(0, -'.yaml'.length))
    .sort();
}
