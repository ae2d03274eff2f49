import { InputError } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Blocks, blocks, type ModelOptions, weightModes } from './blocks.js';
import { mnistCnn } from './mnist-cnn/model.js';
import { resnet20 } from './resnet20/model.js';

const builders: Readonly<Record<string, (b: Blocks) => LayersModel>> = {
  'mnist-cnn': mnistCnn,
  resnet20,
};

/** Names that `buildModel` knows. */
export const modelNames: readonly string[] = Object.keys(builders);

/**
 * Builds a model with fresh, seeded weights; alpha and delta of compressed layers start from them.
 * @throws InputError for an unknown name or option, listing the known ones
 */
export function buildModel(name: string, options: ModelOptions): LayersModel {
  if (!Object.hasOwn(builders, name))
    throw new InputError(`model ${name} is unknown; choose one of ${modelNames.join(', ')}`);
  oneOf('weights', options.weights, weightModes);
  oneOf('activations', options.activations, [32, 8, 4, 2, 1]);
  if (!Number.isSafeInteger(options.seed)) throw new InputError(`seed ${options.seed} is not an integer`);
  return builders[name](blocks(options));
}

function oneOf<T>(what: string, value: T, known: readonly T[]): void {
  if (!known.includes(value))
    throw new InputError(`${what} ${value} is unknown; choose one of ${known.join(', ')}`);
}
