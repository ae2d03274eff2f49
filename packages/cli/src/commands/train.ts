import {
  modelNames,
  recipeNames,
  type TrainOptions,
  trainRun,
  trainSettings,
  VALIDATION_PICTURES,
  weightModes,
} from '@apb/trainer';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readSettings } from '../configFile.js';
import { above, atLeast0, integer, withOutput } from '../options.js';
import { note, type OutputOptions, percent, print } from '../ui/output.js';
import { TrainingView } from '../ui/training.js';

const ACTIVATIONS = ['32', '8', '4', '2', '1'];

export function trainCommand(): Command {
  const command = new Command();
  command
    .optionsGroup('The run:')
    .requiredOption('--out <dir>', 'the run directory')
    .option('--resume', 'continue the run in --out')
    .option('--recipe <name>', recipeNames().join(', '))
    .option(
      '--config <file>',
      'settings from a YAML or JSON file, over those of the recipe; flags win over both',
    )
    .addOption(new Option('--engine <name>', 'training engine').choices(['wasm', 'tensorflow', 'cpu']))
    .option('--seed <n>', 'seed of initial weights, order and augmentation', integer(0));
  command
    .optionsGroup('Network and data:')
    .option('--model <name>', modelNames.join(', '))
    .addOption(new Option('--weights <kind>', 'weight quantizer').choices(weightModes))
    .addOption(
      new Option(
        '--activations <bits>',
        `bits of the activations (choices: ${ACTIVATIONS.join(', ')})`,
      ).argParser(bits),
    )
    .option('--bits-per-weight <x>', 'memory budget over all compressed layers', above(0))
    .addOption(new Option('--stem <kind>', 'first layers of resnet18, 34, 50').choices(['imagenet', 'cifar']))
    .addOption(
      new Option('--shortcuts <kind>', 'of ResNets (default: bireal for 1-bit activations)').choices([
        'plain',
        'bireal',
      ]),
    )
    .option('--data <name>', 'mnist, fashion-mnist, cifar10 or imagefolder:PATH')
    .option('--image-size <n>', "height and width of an image folder's pictures (default: 224)", integer(8))
    .option('--strict', 'end the run at a picture that cannot be read, in place of leaving it out')
    .option('--limit <n>', 'only the first n training pictures', integer(1))
    .option(
      '--validation [n]',
      `hold out n training pictures (${VALIDATION_PICTURES} without a number) to choose settings on`,
      integer(1),
    );
  command
    .optionsGroup('Learning:')
    .option('--epochs <n>', 'passes over the training pictures', integer(1))
    .option('--batch-size <n>', 'pictures a step', integer(1))
    .addOption(new Option('--optimizer <name>', 'of the weights').choices(['sgd', 'adam']))
    .option('--learning-rate <x>', 'of the weights, at its peak', above(0))
    .addOption(new Option('--schedule <kind>', 'of the rates').choices(['constant', 'cosine', 'one-cycle']))
    .option('--weight-decay <x>', 'of kernels', atLeast0)
    .option('--init <dir>', 'start from the weights of another run')
    .option('--distill <teacher>', 'learn from the answers of a model file or run')
    .option('--ema <decay>', 'evaluate and export a running mean of the weights, such as 0.999', above(0));
  withOutput(command.optionsGroup('Options:'));
  command.addHelpText(
    'after',
    `\nSettings of --config, under their names here or in the guide to training:\n${wrapped(trainSettings.map(s => s.name))}`,
  );
  return command.action(train);
}

interface TrainFlags extends OutputOptions {
  readonly out: string;
  readonly config?: string;
  readonly validation?: number | true;
  readonly distill?: string;
}

async function train(flags: TrainFlags): Promise<void> {
  const { json, quiet } = flags;
  const options = await optionsOf(flags);
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
}

/** The settings of the config file, and over them the flags. */
async function optionsOf(flags: TrainFlags): Promise<TrainOptions> {
  const { json, quiet, config, validation, distill, ...same } = flags;
  const file = config ? await readSettings(config) : {};
  const learns = 'distill' in file && typeof file.distill === 'object' ? file.distill : {};
  return {
    ...file,
    ...same,
    ...(validation !== undefined && { validation: validation === true ? VALIDATION_PICTURES : validation }),
    ...(distill !== undefined && { distill: { ...learns, teacher: distill } }),
  } as TrainOptions;
}

function bits(text: string): number {
  if (!ACTIVATIONS.includes(text))
    throw new InvalidArgumentError(`Allowed choices are ${ACTIVATIONS.join(', ')}.`);
  return Number(text);
}

/** Words in lines of at most 78 characters, each after two spaces. */
function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + word.length + 2 <= 78) lines[last] += `, ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join(',\n');
}
