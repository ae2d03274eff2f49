import { readFile } from 'node:fs/promises';
import { InputError } from '@apb/core';
import { parse } from 'yaml';

/**
 * The settings of a YAML or JSON file; what takes them checks them one by one.
 * @throws InputError when the file cannot be read, is neither, or holds no settings
 */
export async function readSettings(file: string): Promise<object> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new InputError(`${file} cannot be read; give --config a YAML or JSON file`);
  }
  let found: unknown;
  try {
    found = parse(text);
  } catch (error) {
    throw new InputError(`${file}: ${(error as Error).message.split('\n')[0]}`);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new InputError(`${file} holds no settings; write lines such as "epochs: 3"`);
  return found;
}
