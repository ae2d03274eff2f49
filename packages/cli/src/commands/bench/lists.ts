import { InvalidArgumentError } from 'commander';

/** Parses a share from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError(`${text} is no share from 0 to 1.`);
  return value;
}

/** Parses an option as a list of names, each of the known ones. */
export function listOf<T extends string | number>(known: readonly T[]): (text: string) => T[] {
  return text =>
    text.split(',').map(part => {
      const found = known.find(name => String(name) === part);
      if (found === undefined) throw new InvalidArgumentError(`${part} is none of ${known.join(', ')}.`);
      return found;
    });
}
