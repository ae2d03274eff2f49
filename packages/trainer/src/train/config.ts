import { InputError } from '@apb/core';
import { datasetNames } from '../data/catalog.js';
import { checkDatasetName } from '../data/open.js';
import { engineNames } from '../engines/engine.js';
import { type ModelOptions, shortcutStyles, stems, type WeightMode, weightModes } from '../models/blocks.js';
import { modelNames } from '../models/buildModel.js';
import type { PruneSchedule } from '../models/pruneModel.js';
import {
  type ActivationBackward,
  type ActivationQuantizerName,
  activationBackwards,
  activationQuantizerNames,
} from '../quantizers/activation.js';
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
  /** Options of the weight quantizer beside its kind, which is `weights`. */
  readonly quantizer?: Readonly<Record<string, unknown>>;
  /** Of 2-, 4- and 8-bit activations, and their backward pass; absent: uniform with EWGS, signs with ApproxSign. */
  readonly activationQuantizer?: ActivationQuantizerName;
  readonly backward?: ActivationBackward;
  /** How the gradients of alpha and delta are reduced over a layer's weights. */
  readonly gradientReduction: Reduction;
  /** What delta starts from. */
  readonly deltaRule: DeltaRule;
  /** Finished epochs after which alpha and delta stay as they are; absent: never. */
  readonly freezeQuantizersAtEpoch?: number;
  /** Finished epochs after which the set of binarized weights stays as it is; absent: never. */
  readonly freezeMaskAtEpoch?: number;
  /** Finished epochs after which binarized weights start anew at the middle of their interval; absent: never. */
  readonly reinitialiseAtEpoch?: number;
  /**
   * Budget over all compressed layers, by the paper's accounting: sets delta layer by layer (apb), or how many
   * weights pruning leaves (prune, prune-kbit).
   */
  readonly bitsPerWeight?: number;
  /** Share of the steps after which alpha, delta and mask of a budgeted run rest; absent: 0.5. */
  readonly budgetFreezeAt?: number;
  /** How the sparsity of pruned layers rises; for `weights` prune and prune-kbit. */
  readonly prune?: PruneSchedule;
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
const share = {
  check: (v: unknown) => Number.isFinite(v) && (v as number) >= 0 && (v as number) <= 1,
  need: 'a number from 0 to 1',
};
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
  freezeMaskAtEpoch: integer(0),
  reinitialiseAtEpoch: integer(0),
  bitsPerWeight: { check: v => above0.check(v) && (v as number) <= 64, need: 'a number above 0, up to 64' },
  budgetFreezeAt: share,
  prune: { check: isPruneSchedule, need: '{sparsity, startSparsity?, start?, end?}, each from 0 to 1' },
  quantizer: {
    check: v => typeof v === 'object' && !Array.isArray(v),
    need: 'options of the weight quantizer',
  },
  activationQuantizer: oneOf(...activationQuantizerNames),
  backward: oneOf(...activationBackwards),
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
  checkTogether({ ...given, weights });
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

function isPruneSchedule(value: unknown): boolean {
  const { sparsity, ...rest } = (value ?? {}) as Record<string, unknown>;
  const known = ['startSparsity', 'start', 'end'];
  return (
    share.check(sparsity) && Object.entries(rest).every(([key, v]) => known.includes(key) && share.check(v))
  );
}

/** @throws InputError for settings that do not go together */
function checkTogether({
  weights,
  bitsPerWeight,
  freezeMaskAtEpoch,
  freezeQuantizersAtEpoch,
}: Partial<TrainConfig>) {
  if (bitsPerWeight !== undefined && !['apb', 'prune', 'prune-kbit'].includes(weights!))
    throw new InputError(`bitsPerWeight needs weights apb, prune or prune-kbit; ${weights} has a fixed size`);
  if (freezeMaskAtEpoch !== undefined && !(freezeQuantizersAtEpoch! <= freezeMaskAtEpoch))
    throw new InputError(
      'freezeMaskAtEpoch needs alpha and delta at rest: set freezeQuantizersAtEpoch to the same epoch or an earlier one',
    );
}

function show(value: unknown): string {
  return value === undefined ? 'unset' : typeof value === 'string' ? value : JSON.stringify(value);
}
