import { InputError } from '@apb/core';
import { datasetNames } from '../data/catalog.js';
import { checkDatasetName } from '../data/open.js';
import { engineNames } from '../engines/engine.js';
import { type ModelOptions, shortcutStyles, stems, type WeightMode, weightModes } from '../models/blocks.js';
import { modelNames } from '../models/buildModel.js';
import type { Reduction } from '../quantizers/reduction.js';
import type { DeltaRule } from '../quantizers/weight.js';
import { defaultsFor } from './defaults.js';

/** All settings of a run: what config.json holds. Rates and decays are those of step and peak. */
export interface TrainConfig {
  /** One of `modelNames`. */
  readonly model: string;
  /** A data set's name, or `imagefolder:` and the path of a folder. */
  readonly data: string;
  /** Height and width of the pictures that an image folder gives; absent: 224. */
  readonly imageSize?: number;
  /** Whether a picture that cannot be read ends the run; absent: it is counted, named and left out. */
  readonly strict?: boolean;
  /** Height, width, channels and the number of classes of the data: the run records them. */
  readonly inputShape?: readonly [number, number, number];
  readonly classes?: number;
  readonly weights: WeightMode;
  /** Of ResNets: see `ModelOptions`; absent: by the size of the pictures and the width of the activations. */
  readonly stem?: ModelOptions['stem'];
  readonly shortcuts?: ModelOptions['shortcuts'];
  /** Bits of the activations in front of compressed layers; 32 is float. */
  readonly activations: 1 | 2 | 4 | 8 | 32;
  readonly epochs: number;
  readonly batchSize: number;
  /** First so many training and test pictures only; absent: all. */
  readonly limit?: number;
  readonly testLimit?: number;
  /** Training engine; absent in the options: the best that works here. */
  readonly engine: string;
  readonly seed: number;
  /** Of weights, biases and norms. The quantizers' scalars always take SGD with momentum. */
  readonly optimizer: 'sgd' | 'adam';
  /** Peak of the cosine schedule. */
  readonly learningRate: number;
  /** Peak for alpha, delta and the bounds of activation quantizers. */
  readonly quantizerLearningRate: number;
  /** Epochs over which the rates rise to their peak; may be a fraction. */
  readonly warmupEpochs: number;
  /** On kernels only. */
  readonly weightDecay: number;
  /** How the gradients of alpha and delta are reduced over a layer's weights. */
  readonly gradientReduction: Reduction;
  /** What delta starts from. */
  readonly deltaRule: DeltaRule;
  /** Finished epochs after which alpha and delta stay as they are; absent: never. */
  readonly freezeQuantizersAtEpoch?: number;
  /** Random shifts and mirroring of the training pictures. */
  readonly augment: boolean;
  /** Directory of a run whose weights to start from. */
  readonly init?: string;
}

/** What a caller gives: the settings that are not to be the recommended ones, and where. */
export interface TrainOptions extends Partial<TrainConfig> {
  /** Run directory. */
  readonly out: string;
  /** Continue the run in `out`, with its settings. */
  readonly resume?: boolean;
}

type Check = (value: unknown) => boolean;

const oneOf = (...known: readonly unknown[]) => ({
  check: ((v: unknown) => known.includes(v)) as Check,
  need: `one of ${known.join(', ')}`,
});
const integer = (min: number) => ({
  check: (v: unknown) => Number.isSafeInteger(v) && (v as number) >= min,
  need: `an integer of at least ${min}`,
});
const atLeast0 = {
  check: (v: unknown) => Number.isFinite(v) && (v as number) >= 0,
  need: 'a number of at least 0',
};
const above0 = { check: (v: unknown) => Number.isFinite(v) && (v as number) > 0, need: 'a number above 0' };
const text = { check: (v: unknown) => typeof v === 'string' && v !== '', need: 'a name' };

const checks: Readonly<Record<keyof TrainConfig, { check: Check; need: string }>> = {
  model: oneOf(...modelNames),
  data: text,
  imageSize: integer(8),
  strict: oneOf(true, false),
  inputShape: {
    check: v => Array.isArray(v) && v.length === 3 && v.every(integer(1).check),
    need: '[height, width, channels]',
  },
  classes: integer(1),
  weights: oneOf(...weightModes),
  stem: oneOf(...stems),
  shortcuts: oneOf(...shortcutStyles),
  activations: oneOf(32, 8, 4, 2, 1),
  epochs: integer(1),
  batchSize: integer(1),
  limit: integer(1),
  testLimit: integer(1),
  engine: oneOf(...engineNames),
  seed: integer(0),
  optimizer: oneOf('sgd', 'adam'),
  learningRate: above0,
  quantizerLearningRate: atLeast0,
  warmupEpochs: atLeast0,
  weightDecay: atLeast0,
  gradientReduction: oneOf('mean', 'sum', 'lsq'),
  deltaRule: { check: isDeltaRule, need: '{rule: std, factor} or {rule: percentile, percent}' },
  freezeQuantizersAtEpoch: integer(0),
  augment: oneOf(true, false),
  init: text,
};

/**
 * Settings in full: the given ones over the recommended ones.
 * @param known whether the data set's name must be one of the catalogue
 * @throws InputError naming the setting that is unknown, missing or out of range
 */
export function resolveConfig(
  options: Partial<TrainConfig>,
  known = true,
): Omit<TrainConfig, 'engine'> & { engine?: string } {
  const given = checkSettings(options);
  for (const key of ['model', 'data'] as const)
    if (given[key] === undefined)
      throw new InputError(
        `no ${key} is given; choose one of ${(key === 'model' ? modelNames : datasetNames).join(', ')}`,
      );
  if (known) checkDatasetName(given.data!);
  const { model, data, weights = 'apb', activations = 32, init } = given;
  return {
    weights,
    activations,
    ...defaultsFor({ model: model!, data: data!, weights, activations, pretrained: init !== undefined }),
    ...given,
    model: model!,
    data: data!,
  };
}

/**
 * The settings of a run that goes on.
 * @param stored what its config.json holds
 * @throws InputError when the options contradict them
 */
export function resumedConfig(stored: unknown, options: Partial<TrainConfig>, out: string): TrainConfig {
  const config = checkSettings(stored as Partial<TrainConfig>, `${out}/config.json: `) as TrainConfig;
  for (const [key, value] of Object.entries(checkSettings(options))) {
    const before = config[key as keyof TrainConfig];
    if (JSON.stringify(before) !== JSON.stringify(value))
      throw new InputError(
        `the run in ${out} has ${key} ${show(before)}, not ${show(value)}; leave ${key} out to resume it, or choose another folder`,
      );
  }
  return config;
}

/** Drops what is undefined, checks the rest. */
function checkSettings(options: Partial<TrainConfig>, where = ''): Partial<TrainConfig> {
  if (typeof options !== 'object' || options === null) throw new InputError(`${where}it holds no settings`);
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  for (const [key, value] of given) {
    if (!Object.hasOwn(checks, key))
      throw new InputError(`${where}setting ${key} is unknown; known are ${Object.keys(checks).join(', ')}`);
    const { check, need } = checks[key as keyof TrainConfig];
    if (!check(value)) throw new InputError(`${where}${key} must be ${need}, got ${show(value)}`);
  }
  return Object.fromEntries(given);
}

function isDeltaRule(value: unknown): boolean {
  const { rule, factor, percent } = (value ?? {}) as Record<string, unknown>;
  if (rule === 'std') return above0.check(factor);
  return rule === 'percentile' && above0.check(percent) && (percent as number) <= 100;
}

function show(value: unknown): string {
  return value === undefined ? 'unset' : typeof value === 'string' ? value : JSON.stringify(value);
}
