import { InputError } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Blocks, blocks, type ModelOptions, shortcutStyles, stems, weightModes } from './blocks.js';
import { mnistCnn } from './mnist-cnn/model.js';
import { resnet18 } from './resnet18/model.js';
import { resnet20 } from './resnet20/model.js';
import { resnet34 } from './resnet34/model.js';
import { resnet50 } from './resnet50/model.js';
import { resnet56 } from './resnet56/model.js';
import { vggSmall } from './vgg-small/model.js';

type OwnOption = 'stem' | 'shortcuts';

const builders: Readonly<Record<string, { build(b: Blocks): LayersModel; takes: readonly OwnOption[] }>> = {
  'mnist-cnn': { build: mnistCnn, takes: [] },
  resnet20: { build: resnet20, takes: ['shortcuts'] },
  resnet56: { build: resnet56, takes: ['shortcuts'] },
  'vgg-small': { build: b => vggSmall(b), takes: [] },
  resnet18: { build: resnet18, takes: ['stem', 'shortcuts'] },
  resnet34: { build: resnet34, takes: ['stem', 'shortcuts'] },
  resnet50: { build: resnet50, takes: ['stem', 'shortcuts'] },
};

/** Names that `buildModel` knows. */
export const modelNames: readonly string[] = Object.keys(builders);

/** Every model halves its pictures' sides at least three times. */
const SMALLEST = 8;

/**
 * Builds a model with fresh, seeded weights; alpha and delta of compressed layers start from them.
 * @throws InputError for an unknown name or option, listing the known ones, and for one that the model does not have
 */
export function buildModel(name: string, options: ModelOptions): LayersModel {
  if (!Object.hasOwn(builders, name))
    throw new InputError(`model ${name} is unknown; choose one of ${modelNames.join(', ')}`);
  const { build, takes } = builders[name];
  oneOf('weights', options.weights, weightModes);
  oneOf('activations', options.activations, [32, 8, 4, 2, 1]);
  oneOf('stem', options.stem, [undefined, ...stems]);
  oneOf('shortcuts', options.shortcuts, [undefined, ...shortcutStyles]);
  for (const own of ['stem', 'shortcuts'] as const)
    if (options[own] !== undefined && !takes.includes(own))
      throw new InputError(`${name} has no choice of ${own}; leave ${own} out`);
  if (options.activations === 1 && options.shortcuts === 'plain')
    throw new InputError(
      'plain shortcuts have a ReLU in front of every sign, which is +1 then; leave shortcuts out with 1-bit activations',
    );
  if (!Number.isSafeInteger(options.seed)) throw new InputError(`seed ${options.seed} is not an integer`);
  checkTask(name, options);
  return build(blocks(options));
}

function checkTask(name: string, { inputShape, classes }: ModelOptions): void {
  if (inputShape && Math.min(inputShape[0], inputShape[1]) < SMALLEST)
    throw new InputError(
      `${name} cannot take pictures of ${inputShape.join('x')}; give it ${SMALLEST}x${SMALLEST} pixels or more`,
    );
  if (classes !== undefined && !(Number.isSafeInteger(classes) && classes >= 1))
    throw new InputError(`${name} cannot tell ${classes} classes apart; give it an integer of at least 1`);
}

function oneOf<T>(what: string, value: T, known: readonly T[]): void {
  if (!known.includes(value))
    throw new InputError(
      `${what} ${value} is unknown; choose one of ${known.filter(k => k !== undefined).join(', ')}`,
    );
}
