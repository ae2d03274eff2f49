import { openDataset } from '@apb/trainer/data';
import { Command } from 'commander';
import { evaluate } from '../evaluate.js';
import { loadModel } from '../modelFile.js';
import { integer, withBackend, withOutput } from '../options.js';
import { note, type OutputOptions, percent, print } from '../ui/output.js';
import { Progress } from '../ui/progress.js';

interface EvalOptions extends OutputOptions {
  readonly data: string;
  readonly limit?: number;
  readonly strict?: boolean;
  readonly backend?: string;
  readonly isa?: string;
  readonly threads?: number;
}

export function evalCommand(): Command {
  return withOutput(
    withBackend(
      new Command()
        .argument('<model>', 'a model file or run directory')
        .requiredOption('--data <name>', 'a data set, or imagefolder:PATH')
        .option('--strict', 'fail at a picture that cannot be read, in place of leaving it out')
        .option('--limit <n>', 'only the first n test pictures', integer(1)),
    ),
  ).action(async (path: string, options: EvalOptions) => {
    const { model } = await loadModel(path);
    // A folder's pictures are brought to what the model takes, as apb predict does.
    const data = await openDataset(options.data, { input: model.input, strict: options.strict });
    const progress = new Progress(options);
    try {
      const result = await evaluate(model, data, {
        ...options,
        onProgress: (done, total) => progress.update('evaluating', done, total),
      });
      progress.stop();
      for (const warning of data.warnings?.() ?? []) note(warning, options);
      print(result, options, () => {
        const shares = Object.entries(result.opsByBackend).map(([name, ops]) => `${ops} ops on ${name}`);
        return [
          `top-1 ${percent(result.top1)} of ${result.images} pictures`,
          `${result.imagesPerSecond.toFixed(0)} pictures/s on ${result.backend} (${result.isa}): ${shares.join(', ')}`,
        ].join('\n');
      });
    } finally {
      progress.stop();
      await data.dispose?.();
    }
  });
}
