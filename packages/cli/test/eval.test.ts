import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModel } from '@apb/core';
import { type TrainOptions, trainRun } from '@apb/trainer';
import { fetchDataset } from '@apb/trainer/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runApb } from './runApb.js';

const folder = mkdtempSync(join(tmpdir(), 'apb-eval-'));
const PICTURES = 300;

beforeAll(async () => {
  await fetchDataset('mnist');
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every encoding of weights by the setting that trains it. */
const ways: readonly (readonly [encoding: string, settings: Partial<TrainOptions>])[] = [
  ['float', { weights: 'fp32' }],
  ['apb', { weights: 'apb', deltaRule: { rule: 'percentile', percent: 98 } }],
  ['binary', { weights: 'binary' }],
  ['ternary', { weights: 'ternary' }],
  ['kbit', { weights: 'kbit', quantizer: { bits: 2 } }],
  ['sparse', { weights: 'prune' }],
  ['sparseKbit', { weights: 'prune-kbit', quantizer: { bits: 3 } }],
];

describe('apb eval finds the top-1 that training reported', () => {
  it.each(ways)('of %s weights', async (encoding, settings) => {
    const out = join(folder, encoding);
    const trained = await trainRun({
      out,
      ...{ model: 'mnist-cnn', data: 'mnist', epochs: 1, batchSize: 20, limit: 1000, testLimit: PICTURES },
      ...{ engine: 'wasm', seed: 1, ...settings },
    });
    const { weights } = await readModel(await readFile(join(out, 'model.safetensors')));
    expect(new Set(Object.values(weights).map(w => w.encoding))).toContain(encoding);

    const run = runApb(folder, 'eval', out, '--data', 'mnist', '--limit', `${PICTURES}`, '--json', '--quiet');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { top1, images } = JSON.parse(run.stdout);
    expect(images).toBe(PICTURES);
    expect(top1).toBe(trained.top1);
    // Far above the 0.1 of guessing: what is compared are networks that learned.
    expect(top1).toBeGreaterThan(0.3);
  });
});
