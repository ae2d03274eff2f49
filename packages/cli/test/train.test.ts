import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchDataset } from '@apb/trainer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runApb } from './runApb.js';

const folder = mkdtempSync(join(tmpdir(), 'apb-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (...args: string[]) => runApb(folder, 'train', ...args);

const TIMEOUT = 300_000;
const quick = [
  '--model',
  'mnist-cnn',
  '--data',
  'mnist',
  '--limit',
  '64',
  '--batch-size',
  '16',
  '--engine',
  'wasm',
];

describe('apb train', () => {
  beforeAll(() => fetchDataset('mnist'), TIMEOUT);

  it('takes a recipe, over it a config file, over both flags, and keeps them all', {
    timeout: TIMEOUT,
  }, () => {
    writeFileSync(
      join(folder, 'run.yaml'),
      'batchSize: 8\nepochs: 7\ntestLimit: 50\nmix: { mixup: 0.2 }\ndistill: { weight: 0.25 }\nlabelSmoothing: 0.1\n',
    );
    const made = ['--epochs', '1', '--weights', 'ternary', '--activations', '8', '--validation', '40'];
    expect(run(...quick, '--epochs', '1', '--weights', 'fp32', '--out', 'teacher')).toMatchObject({
      status: 0,
    });
    const all = [
      '--recipe',
      'quick',
      '--config',
      'run.yaml',
      ...made,
      '--distill',
      'teacher',
      '--ema',
      '0.9',
    ];
    const { status, stdout, stderr } = run(...quick, ...all, '--out', 'run', '--json');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ epochs: 1, engine: 'wasm' });
    expect(result.validationTop1 * 40).toBeCloseTo(Math.round(result.validationTop1 * 40), 9);
    expect(stderr).toMatch(/held-out top-1 .*test top-1/);
    expect(JSON.parse(readFileSync(join(folder, 'run/config.json'), 'utf8'))).toMatchObject({
      recipe: 'quick',
      schedule: { kind: 'one-cycle', warmupEpochs: 1 },
      clipNorm: 5,
      batchSize: 16,
      epochs: 1,
      weights: 'ternary',
      activations: 8,
      validation: 40,
      mix: { mixup: 0.2, probability: 1 },
      distill: { teacher: 'teacher', temperature: 4, weight: 0.25 },
      labelSmoothing: 0.1,
      ema: 0.9,
    });
  });

  it.each([
    [
      ['--recipe', 'slow'],
      /^apb: there is no recipe "slow"; known are paper-cifar10, paper-imagenet, quick$/,
    ],
    [['--activations', '3'], /Allowed choices are 32, 8, 4, 2, 1/],
    [['--bits-per-weight', '0.5'], /^apb: bitsPerWeight must be above 1 for weights apb/],
    [['--ema', '2'], /^apb: ema must be a number of at least 0, below 1, got 2$/],
    [['--weight-decay', '-1'], /must be a number of at least 0/],
    [['--config', 'nested.yaml'], /^apb: schedule\.atEpochs\.1 must be a number above 0, got soon$/],
  ])('refuses %o in one line', (args, message) => {
    writeFileSync(join(folder, 'nested.yaml'), 'schedule: { kind: multistep, atEpochs: [1, soon] }\n');
    const { status, stderr } = run(...quick, ...args, '--out', 'refused');
    expect(status).toBe(2);
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n').length).toBe(1);
  });
});
