import { modelNames, type TrainOptions, trainRun } from '@apb/trainer';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readSettings } from '../configFile.js';
import { above, integer, withOutput } from '../options.js';
import { note, type OutputOptions, percent, print } from '../ui/output.js';
import { TrainingView } from '../ui/training.js';

export function trainCommand(): Command {
  return withOutput(
    new Command('train')
      .description(
        'train a network; the run directory holds its settings, metrics, checkpoint and model file',
      )
      .option('--model <name>', modelNames.join(', '))
      .option('--data <name>', 'mnist, fashion-mnist, cifar10 or imagefolder:PATH')
      .option('--image-size <n>', "height and width of an image folder's pictures (default: 224)", integer(8))
      .option('--strict', 'end the run at a picture that cannot be read, in place of leaving it out')
      .addOption(
        new Option('--stem <kind>', 'first layers of resnet18, 34, 50').choices(['imagenet', 'cifar']),
      )
      .addOption(
        new Option('--shortcuts <kind>', 'of ResNets (default: bireal for 1-bit activations)').choices([
          'plain',
          'bireal',
        ]),
      )
      .addOption(new Option('--weights <kind>', 'weight quantizer').choices(['apb', 'binary', 'fp32']))
      .addOption(
        new Option('--activations <bits>', 'bits of the activations (choices: "32", "2", "1")').argParser(
          bits,
        ),
      )
      .option('--epochs <n>', 'passes over the training pictures', integer(1))
      .option('--batch-size <n>', 'pictures a step', integer(1))
      .option('--limit <n>', 'only the first n training pictures', integer(1))
      .addOption(new Option('--engine <name>', 'training engine').choices(['wasm', 'tensorflow', 'cpu']))
      .option('--seed <n>', 'seed of initial weights, shuffling and augmentation', integer(0))
      .option('--learning-rate <x>', 'of the weights, at the start', above(0))
      .option('--init <dir>', 'start from the weights of another run')
      .option('--config <file>', 'settings from a YAML or JSON file; options on the command line win')
      .option('--resume', 'continue the run in --out')
      .requiredOption('--out <dir>', 'the run directory'),
  ).action(async (flags: TrainFlags) => {
    const { json, quiet, config, ...given } = flags;
    const options = { ...(config ? await readSettings(config) : {}), ...given } as TrainOptions;
    const view = new TrainingView({ json, quiet });
    const abort = new AbortController();
    const stop = () => abort.abort();
    process.once('SIGINT', stop);
    try {
      const result = await trainRun(options, {
        signal: abort.signal,
        onProgress: progress => view.show(progress),
        onWarning: warning => view.warn(warning),
      });
      view.stop();
      print(result, flags, () =>
        [
          `top-1 ${percent(result.top1)} after ${result.epochs} epochs, ${result.bitsPerWeight.toFixed(2)} bits per compressed weight`,
          `${flags.out}/model.safetensors written`,
        ].join('\n'),
      );
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      note(`stopped; continue with: apb train --resume --out ${flags.out}`, flags);
      process.exitCode = 1;
    } finally {
      process.removeListener('SIGINT', stop);
      view.stop();
    }
  });
}

interface TrainFlags extends OutputOptions {
  readonly config?: string;
  readonly out: string;
}

function bits(text: string): number {
  if (!['32', '2', '1'].includes(text)) throw new InvalidArgumentError('Allowed choices are 32, 2, 1.');
  return Number(text);
}
