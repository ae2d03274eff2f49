import { InputError } from '@apb/core';
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.js';
import { compressCommand } from './commands/compress.js';
import { dataCommand } from './commands/data.js';
import { doctorCommand } from './commands/doctor.js';
import { evalCommand } from './commands/eval.js';
import { exportCommand } from './commands/export.js';
import { inspectCommand } from './commands/inspect.js';
import { predictCommand } from './commands/predict.js';
import { quickstartCommand } from './commands/quickstart.js';
import { reportCommand } from './commands/report.js';
import { setupCommand } from './commands/setup.js';
import { sweepCommand } from './commands/sweep.js';
import { trainCommand } from './commands/train.js';
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
    await program().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? OK);
  } catch (error) {
    return report(error);
  }
}

function program(): Command {
  const program = new Command('apb')
    .description(
      'Train, store and run neural networks whose weights are binary plus a few in full precision.',
    )
    .version(version())
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'apb: ')) });
  for (const make of [
    quickstartCommand,
    doctorCommand,
    setupCommand,
    dataCommand,
    trainCommand,
    sweepCommand,
    compressCommand,
    evalCommand,
    predictCommand,
    inspectCommand,
    exportCommand,
    reportCommand,
    benchCommand,
  ])
    program.addCommand(inheriting(program, make()));
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
