import { type Command, InvalidArgumentError } from 'commander';

/** Adds --json and --quiet, which every command has. */
export function withOutput(command: Command): Command {
  return command
    .option('--json', 'print one JSON document on stdout')
    .option('--quiet', 'no progress and no notes on stderr');
}

/** Parses an option as an integer of at least `min`. */
export function integer(min: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`It must be an integer of at least ${min}.`);
    return value;
  };
}

/** Parses an option as a number greater than `min`. */
export function above(min: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value <= min)
      throw new InvalidArgumentError(`It must be a number above ${min}.`);
    return value;
  };
}

/** Parses an option as a number of at least 0. */
export function atLeast0(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number of at least 0.');
  return value;
}

/** Adds the choice of the kernel backend. */
export function withBackend(command: Command): Command {
  return command
    .option('--backend <name>', 'native, wasm or reference; the best that works by default')
    .option('--isa <name>', 'force an instruction set of the backend')
    .option('--threads <n>', 'at most n threads', integer(1));
}
