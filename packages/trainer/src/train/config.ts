import { InputError } from '@apb/core';
import type { z } from 'zod';
import { datasetNames } from '../data/catalog.js';
import { checkDatasetName } from '../data/open.js';
import type { WeightMode } from '../models/blocks.js';
import { modelNames } from '../models/buildModel.js';
import { defaultsFor } from './defaults.js';
import { readRecipe } from './recipes.js';
import { quantizerOptions, settingsSchema, type TrainConfig, warmupOf } from './settings.js';
import { needOf } from './settingTypes.js';

export type { TrainConfig } from './settings.js';

type Schedule = TrainConfig['schedule'];

/** What a caller gives: the settings that are not to be the recommended ones, and where. */
export type TrainOptions = Partial<Omit<TrainConfig, 'schedule' | 'weightDecay' | 'mix' | 'distill'>> & {
  /** Run directory. */
  readonly out: string;
  /** Continue the run in `out`, with its settings. */
  readonly resume?: boolean;
  /** A kind alone takes its defaults. */
  readonly schedule?: 'constant' | 'cosine' | 'one-cycle' | Loose<Schedule, 'warmupEpochs' | 'factor'>;
  /** A number is for all kernels. */
  readonly weightDecay?: number | Loose<TrainConfig['weightDecay'], 'rest'>;
  readonly mix?: Partial<NonNullable<TrainConfig['mix']>>;
  readonly distill?: Partial<NonNullable<TrainConfig['distill']>>;
};

/** Each of a union with some fields optional. */
type Loose<T, K extends string> = T extends unknown
  ? Omit<T, K> & Partial<Pick<T, Extract<keyof T, K>>>
  : never;

type Given = Omit<TrainOptions, 'out' | 'resume'>;

/** Settings as a caller gave them, each checked and in its full form. */
type Checked = Partial<Omit<TrainConfig, 'schedule'>> & {
  readonly schedule?: Loose<Schedule, 'warmupEpochs'>;
};

/**
 * Settings in full: the given ones over the recommended ones.
 * @param known whether the data set's name must be one of the catalogue
 * @throws InputError naming the setting that is unknown, missing, out of range or at odds with another
 */
export function resolveConfig(
  options: Given,
  known = true,
): Omit<TrainConfig, 'engine'> & { engine?: string } {
  const given = { ...(options.recipe && checkRecipe(options.recipe)), ...checkSettings(options) };
  for (const key of ['model', 'data'] as const)
    if (given[key] === undefined)
      throw new InputError(
        `no ${key} is given; choose one of ${(key === 'model' ? modelNames : datasetNames).join(', ')}`,
      );
  if (known) checkDatasetName(given.data!);
  const { model, data, weights = 'apb', activations = 32 } = given;
  const recommended = defaultsFor({ ...given, model: model!, data: data!, weights });
  const schedule = given.schedule ?? { kind: 'cosine' };
  const { epochs } = { ...recommended, ...given };
  const config = {
    weights,
    activations,
    ...recommended,
    boundsLearningRate: given.quantizerLearningRate ?? recommended.quantizerLearningRate,
    ...given,
    model: model!,
    data: data!,
    schedule: {
      ...schedule,
      warmupEpochs: schedule.warmupEpochs ?? warmupOf(schedule.kind, epochs),
    } as Schedule,
  };
  checkTogether(config);
  return config;
}

/**
 * The settings of a run that goes on.
 * @param stored what its config.json holds
 * @throws InputError when the options contradict them
 */
export function resumedConfig(stored: unknown, options: Given, out: string): TrainConfig {
  const config = checkSettings(stored as Given, `${out}/config.json: `) as TrainConfig;
  for (const [key, value] of Object.entries(checkSettings(options))) {
    const before = config[key as keyof TrainConfig];
    if (!agrees(before, value))
      throw new InputError(
        `the run in ${out} has ${key} ${show(before)}, not ${show(value)}; leave ${key} out to resume it, or choose another folder`,
      );
  }
  return config;
}

function checkRecipe(name: string): Checked {
  return checkSettings(readRecipe(name), `recipe ${name}: `);
}

/** Drops what is undefined, checks the rest and brings it to its full form. */
function checkSettings(options: Given, where = ''): Checked {
  if (typeof options !== 'object' || options === null) throw new InputError(`${where}it holds no settings`);
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== null),
  );
  const { data, error } = settingsSchema.safeParse(given);
  if (error) throw new InputError(`${where}${messageOf(error.issues[0], given)}`);
  return data as Checked;
}

/** One line: the setting, what it must be, what it is. */
function messageOf(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  const { shape } = settingsSchema;
  const path = issue.path as (keyof typeof shape)[];
  if (issue.code === 'unrecognized_keys') {
    const name = [...path, issue.keys[0]].join('.');
    return path.length === 0
      ? `setting ${name} is unknown; known are ${Object.keys(shape).join(', ')}`
      : `setting ${name} is unknown; ${path[0]} must be ${needOf(shape[path[0]])}`;
  }
  // A short form stands for the whole object.
  const value = path.reduce(
    (at: unknown, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : at),
    given,
  );
  const need = path.length === 1 ? needOf(shape[path[0]]) : issue.message;
  return `${path.join('.')} must be ${need}, got ${show(value)}`;
}

/** @throws InputError for settings that do not go together */
function checkTogether(config: Omit<TrainConfig, 'engine'>): void {
  const { weights, quantizer, bitsPerWeight, freezeMaskAtEpoch, freezeQuantizersAtEpoch, prune } = config;
  if (quantizer) checkQuantizer(weights, quantizer);
  if (bitsPerWeight !== undefined && !['apb', ...PRUNED].includes(weights))
    throw new InputError(`bitsPerWeight needs weights apb, prune or prune-kbit; ${weights} has a fixed size`);
  if (weights === 'apb' && bitsPerWeight !== undefined && !(bitsPerWeight > 1 && bitsPerWeight <= 32))
    throw new InputError(
      `bitsPerWeight must be above 1 for weights apb, up to 32, got ${bitsPerWeight}; a sign takes one bit`,
    );
  if (prune && !PRUNED.includes(weights))
    throw new InputError(`prune needs weights prune or prune-kbit, not ${weights}; leave it out`);
  for (const key of ['freezeMaskAtEpoch', 'reinitialiseAtEpoch', 'budgetFreezeAt'] as const)
    if (config[key] !== undefined && weights !== 'apb')
      throw new InputError(`${key} needs weights apb, not ${weights}; leave it out`);
  if (freezeMaskAtEpoch !== undefined && !(freezeQuantizersAtEpoch! <= freezeMaskAtEpoch))
    throw new InputError(
      'freezeMaskAtEpoch needs alpha and delta at rest: set freezeQuantizersAtEpoch to the same epoch or an earlier one',
    );
}

const PRUNED: readonly WeightMode[] = ['prune', 'prune-kbit'];

function checkQuantizer(weights: WeightMode, options: Readonly<Record<string, unknown>>): void {
  if (weights === 'fp32')
    throw new InputError('quantizer needs weights that are quantized, not fp32; leave it out');
  const schema = quantizerOptions[weights];
  const issue = schema.safeParse(options).error?.issues[0];
  if (!issue) return;
  const name = issue.code === 'unrecognized_keys' ? issue.keys[0] : String(issue.path[0]);
  throw new InputError(
    issue.code === 'unrecognized_keys'
      ? `setting quantizer.${name} is unknown for weights ${weights}; known are ${Object.keys(schema.shape).join(', ')}`
      : `quantizer.${name} must be ${issue.message}, got ${show(options[name])}`,
  );
}

/** Whether a setting has a value; of an object, the values that are given count. */
function agrees(before: unknown, given: unknown): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return JSON.stringify(before) === JSON.stringify(given);
  return Object.entries(given).every(([key, value]) =>
    agrees((before as Record<string, unknown> | undefined)?.[key], value),
  );
}

function show(value: unknown): string {
  return value === undefined ? 'unset' : typeof value === 'string' ? value : JSON.stringify(value);
}
