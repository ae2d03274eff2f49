import { InputError } from '@apb/core';

/**
 * The names in a list such as `--peers a,b`, each once.
 * @throws InputError for a name that `known` has not
 */
export function peerNames(list: string | undefined, known: object): string[] {
  const names = [...new Set((list ?? '').split(',').filter(Boolean))];
  for (const name of names)
    if (!Object.hasOwn(known, name))
      throw new InputError(`unknown peer ${name}; there is ${Object.keys(known).join(', ')}`);
  return names;
}
