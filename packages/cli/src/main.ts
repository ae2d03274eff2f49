import { InputError } from '@apb/core';
import { Command, CommanderError } from 'commander';
import { commands } from './commands/index.js';
import { version } from './version.js';

/** Exit codes of every command. */
const OK = 0;
const FAILED = 1;
const BAD_INPUT = 2;

/**
 * Runs one command line and returns its exit code: 0 ok, 1 failed, 2 bad input or usage. Errors are one
 * line on stderr; APB_DEBUG=1 adds the stack trace.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const program = await programFor(args);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? OK);
  } catch (error) {
    return report(error);
  }
}

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('apb')
    .description(
      'Train, store and run neural networks whose weights are binary plus a few in full precision.',
    )
    .version(version())
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'apb: ')) });
  // The others are names in the help: a command loads what it works with, TensorFlow.js for one.
  const called = args.find(arg => commands.some(({ name }) => name === arg));
  for (const { name, summary, load } of commands) {
    const command = name === called ? await load() : new Command();
    program.addCommand(inheriting(program, command.name(name).description(summary)));
  }
  return program;
}

/** Sub-commands built on their own do not inherit the program's error handling; give it to them. */
function inheriting(program: Command, command: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inheriting(command, child);
  return command;
}

function report(error: unknown): number {
  // Help and version end as errors of commander's with code 0; its usage errors were already printed.
  if (error instanceof CommanderError) return error.exitCode === 0 ? OK : BAD_INPUT;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`apb: ${message.split('\n')[0]}\n`);
  if (process.env.APB_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof InputError ? BAD_INPUT : FAILED;
}
