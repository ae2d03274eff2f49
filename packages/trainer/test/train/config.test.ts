import { InputError } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { resolveConfig, resumedConfig } from '../../src/train/config.js';
import { recipeNames } from '../../src/train/recipes.js';
import { trainSettings } from '../../src/train/settings.js';

const given = { model: 'resnet20', data: 'cifar10' };
const resolved = (more: object = {}) => resolveConfig({ ...given, ...more } as never);

function messageOf(more: object): string {
  try {
    resolved(more);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).not.toContain('\n');
    return message;
  }
  throw new Error('nothing was refused');
}

describe('settings are brought to their full form', () => {
  it('with defaults', () => {
    expect(resolved()).toMatchObject({
      weights: 'apb',
      activations: 32,
      schedule: { kind: 'cosine', warmupEpochs: 0.1 },
      weightDecay: { compressed: 0.01, other: 0.01, rest: 0 },
      boundsLearningRate: 0.01,
      reestimateBatchNorm: false,
    });
  });

  it.each([
    [{ schedule: 'one-cycle', epochs: 20 }, { schedule: { kind: 'one-cycle', warmupEpochs: 6 } }],
    [{ schedule: { kind: 'constant' } }, { schedule: { kind: 'constant', warmupEpochs: 0.1 } }],
    [
      { schedule: { kind: 'multistep', atEpochs: [3] } },
      { schedule: { kind: 'multistep', warmupEpochs: 0.1, atEpochs: [3], factor: 0.1 } },
    ],
    [{ weightDecay: 1e-4 }, { weightDecay: { compressed: 1e-4, other: 1e-4, rest: 0 } }],
    [{ quantizerLearningRate: 0.5 }, { boundsLearningRate: 0.5 }],
    [{ quantizerLearningRate: 0.5, boundsLearningRate: 0.1 }, { boundsLearningRate: 0.1 }],
    [{ mix: { mixup: 0.2 } }, { mix: { mixup: 0.2, probability: 1 } }],
    [{ distill: { teacher: 'x' } }, { distill: { teacher: 'x', temperature: 4, weight: 0.5 } }],
    [{ ema: 0.99 }, { reestimateBatchNorm: true }],
    [{ ema: 0.99, reestimateBatchNorm: false }, { reestimateBatchNorm: false }],
    [{ weights: 'kbit', quantizer: { bits: 3 } }, { quantizer: { bits: 3 } }],
  ])('%o', (more, expected) => expect(resolved(more)).toMatchObject(expected));
});

describe('settings are refused by name', () => {
  it.each([
    [
      { schedule: 'linear' },
      /^schedule.kind must be one of constant, cosine, multistep, one-cycle, got linear$/,
    ],
    [{ schedule: { kind: 'multistep' } }, /^schedule.atEpochs must be a list.*, got unset$/],
    [
      { schedule: { kind: 'multistep', atEpochs: [] } },
      /^schedule.atEpochs must be a list of at least one, got \[\]$/,
    ],
    [
      { schedule: { kind: 'multistep', atEpochs: [1, -1] } },
      /^schedule.atEpochs.1 must be a number above 0, got -1$/,
    ],
    [
      { schedule: { kind: 'cosine', floor: 1 } },
      /^setting schedule.floor is unknown; schedule must be \{kind: constant/,
    ],
    [{ schedule: 3 }, /^schedule must be \{kind: constant;.*got 3$/],
    [{ weightDecay: -1 }, /^weightDecay.compressed must be a number of at least 0, got -1$/],
    [{ weightDecay: { compressed: 1 } }, /^weightDecay.other must be a number of at least 0, got unset$/],
    [{ labelSmoothing: 1 }, /^labelSmoothing must be a number of at least 0, below 1, got 1$/],
    [{ mix: {} }, /^mix must be .*got \{\}$/],
    [{ mix: { mixup: 5 } }, /^mix.mixup must be a number above 0, up to 4, got 5$/],
    [{ clipNorm: 0 }, /^clipNorm must be a number above 0, got 0$/],
    [{ ema: 1 }, /^ema must be .*, got 1$/],
    [{ distill: { temperature: 0 } }, /^distill.temperature must be a number above 0, got 0$/],
    [{ bitsPerWeight: 1 }, /^bitsPerWeight must be above 1 for weights apb/],
    [{ bitsPerWeight: 65 }, /^bitsPerWeight must be a number above 0, up to 64, got 65$/],
    [{ bitsPerWeight: 1.5, weights: 'binary' }, /^bitsPerWeight needs weights apb, prune or prune-kbit/],
    [{ prune: { sparsity: 0.5 } }, /^prune needs weights prune or prune-kbit, not apb; leave it out$/],
    [{ prune: { sparsity: 2 }, weights: 'prune' }, /^prune.sparsity must be a number from 0 to 1, got 2$/],
    [{ reinitialiseAtEpoch: 1, weights: 'binary' }, /^reinitialiseAtEpoch needs weights apb, not binary/],
    [{ freezeMaskAtEpoch: 1 }, /^freezeMaskAtEpoch needs alpha and delta at rest/],
    [{ quantizer: { bits: 2 } }, /^setting quantizer.bits is unknown for weights apb; known are perChannel,/],
    [{ quantizer: { bits: 9 }, weights: 'kbit' }, /^quantizer.bits must be an integer from 2 to 8, got 9$/],
    [{ quantizer: {}, weights: 'fp32' }, /^quantizer needs weights that are quantized, not fp32/],
    [{ recipe: 'papers' }, /^there is no recipe "papers"; known are paper-cifar10, paper-imagenet, quick$/],
    [{ recipe: '../x' }, /^there is no recipe "..\/x"/],
    [{ validation: 0 }, /^validation must be an integer of at least 1, got 0$/],
  ])('%o', (more, message) => expect(messageOf(more)).toMatch(message));
});

describe('a resumed run', () => {
  const stored = { ...resolved({ weightDecay: 0.5, schedule: 'cosine' }), engine: 'wasm' };

  it('takes settings that agree, in part or in another form', () => {
    expect(resumedConfig(stored, { weightDecay: 0.5, schedule: 'cosine', epochs: 30 }, 'run')).toEqual(
      stored,
    );
  });

  it('refuses those that do not', () => {
    expect(() => resumedConfig(stored, { schedule: { kind: 'cosine', warmupEpochs: 3 } }, 'run')).toThrow(
      /^the run in run has schedule \{"kind":"cosine","warmupEpochs":0.1\}, not \{"kind":"cosine","warmupEpochs":3\}/,
    );
    expect(() => resumedConfig(stored, { mix: { mixup: 1 } }, 'run')).toThrow(/has mix unset, not/);
  });
});

describe('recipes', () => {
  it('are the three that are documented', () => {
    expect(recipeNames()).toEqual(['paper-cifar10', 'paper-imagenet', 'quick']);
  });

  it.each(recipeNames())('%s holds settings that go together', recipe => {
    const config = resolveConfig({ recipe, ...given }, true);
    expect(config.recipe).toBe(recipe);
  });

  it('yields to settings beside it, which replace a setting as a whole', () => {
    const config = resolved({ recipe: 'paper-cifar10', epochs: 3, schedule: 'constant' });
    expect(config).toMatchObject({ optimizer: 'sgd', batchSize: 128, epochs: 3 });
    expect(config.schedule).toEqual({ kind: 'constant', warmupEpochs: 0.1 });
  });

  it('brings the model and the data of the paper', () => {
    expect(resolveConfig({ recipe: 'paper-cifar10' })).toMatchObject({ model: 'resnet20', data: 'cifar10' });
  });
});

describe('the table of settings', () => {
  it('has every setting with what it takes and what it is for', () => {
    for (const { name, values, description } of trainSettings) {
      expect(values, name).not.toBe('anything');
      expect(description.length, name).toBeGreaterThan(8);
    }
    const values = Object.fromEntries(trainSettings.map(({ name, values }) => [name, values]));
    expect(values.deltaRule).toBe(
      '{rule: std; factor: a number above 0} or {rule: percentile; percent: a number above 0, up to 100}',
    );
    expect(values.mix).toMatch(/^\{mixup\?: a number above 0, up to 4; cutmix\?: /);
  });
});
