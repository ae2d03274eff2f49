import { setupTensorflow } from '@apb/trainer';
import { Command } from 'commander';
import { withOutput } from '../options.js';
import { type OutputOptions, print } from '../ui/output.js';
import { Progress } from '../ui/progress.js';

export function setupCommand(): Command {
  const tensorflow = withOutput(
    new Command('tensorflow').description('obtain the fast training engine (about 1 GB), outside the checkout'),
  ).action(async (options: OutputOptions) => {
    const progress = new Progress(options);
    try {
      const result = await setupTensorflow({
        onProgress: (label: string, done: number, total: number) => progress.update(label, done, total),
      });
      print(result, options, () =>
        result.usable ? `tensorflow works (${result.source})` : `tensorflow does not work: ${result.reason}`,
      );
      if (!result.usable) process.exitCode = 1;
    } finally {
      progress.stop();
    }
  });
  return new Command('setup').description('obtain optional parts').addCommand(tensorflow);
}
