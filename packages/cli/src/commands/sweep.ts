import { resolve } from 'node:path';
import { Command } from 'commander';
import { readSettings } from '../configFile.js';
import { withOutput } from '../options.js';
import { HEAD, rowOf } from '../sweep/picture.js';
import { planSweep } from '../sweep/plan.js';
import { type SweepResult, sweep } from '../sweep/sweep.js';
import { note, type OutputOptions, print, table } from '../ui/output.js';
import { Progress } from '../ui/progress.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

interface SweepOptions extends OutputOptions {
  readonly config: string;
  readonly out: string;
}

export function sweepCommand(): Command {
  return withOutput(
    new Command()
      .requiredOption('--config <file>', 'YAML or JSON: base, methods, grid, init')
      .requiredOption('-o, --out <dir>', 'folder of the runs; the same command goes on with what is missing'),
  ).action(async (options: SweepOptions) => {
    const plan = planSweep(await readSettings(options.config), options.config);
    const progress = new Progress(options);
    const abort = new AbortController();
    const stop = () => abort.abort(new Error('stopped'));
    // A run must not outlive the sweep.
    for (const name of SIGNALS) process.once(name, stop);
    const total = plan.runs.length;
    try {
      const result = await sweep(plan, resolve(options.out), {
        signal: abort.signal,
        onRun(index, name, line) {
          progress.update('runs', index, total, name);
          if (line === undefined) return;
          const text = `${name}: ${line.replace(/^apb: /, '')}`;
          if (process.stderr.isTTY) progress.log(text);
          else note(text, options);
        },
      });
      progress.stop();
      print(result, options, () => summary(result));
      if (result.failed.length > 0) process.exitCode = 1;
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      note(`stopped; continue with: apb sweep --config ${options.config} --out ${options.out}`, options);
      process.exitCode = 1;
    } finally {
      for (const name of SIGNALS) process.removeListener(name, stop);
      progress.stop();
    }
  });
}

function summary({ runs, groups, failed, files }: SweepResult): string {
  const reasons = runs.filter(r => r.status === 'failed').map(r => `failed: ${r.name}: ${r.error}`);
  return [
    ...(groups.length > 0 ? [table(HEAD, groups.map(rowOf))] : []),
    `${runs.length - failed.length} of ${runs.length} runs done; ${Object.values(files).join(', ')} written`,
    ...reasons,
  ].join('\n');
}
