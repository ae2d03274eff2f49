import { setupTensorflow } from '@apb/trainer';
import { Command } from 'commander';
import { withOutput } from '../options.js';
import { note, type OutputOptions, print } from '../ui/output.js';

export function setupCommand(): Command {
  const tensorflow = withOutput(
    new Command('tensorflow').description(
      'obtain the fast training engine (about 1 GB), outside the checkout',
    ),
  ).action(async (options: OutputOptions) => {
    const result = await setupTensorflow({ onProgress: step => note(step, options) });
    print(result, options, () =>
      result.usable ? `tensorflow works (${result.source})` : `tensorflow does not work: ${result.reason}`,
    );
    if (!result.usable) process.exitCode = 1;
  });
  return new Command().addCommand(tensorflow);
}
