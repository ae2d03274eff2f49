import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryOf, readModel } from '@apb/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EpochMetrics } from '../../../src/train/metrics.js';
import { trainRun } from '../../../src/train/trainRun.js';
import { tinyData } from '../tinyData.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apb-budget-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dataset = tinyData();
const common = { model: 'mnist-cnn', engine: 'wasm', batchSize: 16, seed: 3 } as const;

async function metricsIn(path: string): Promise<(EpochMetrics & { memoryBudget: Budget })[]> {
  const text = await readFile(join(path, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
}
type Budget = { frozen: boolean; sensitivity: Record<string, number> };

describe('a memory budget', () => {
  it.each([1.1, 1.5, 2.5])('of %d bits a weight is kept to the end, in the file too', async bitsPerWeight => {
    const out = join(folder, 'run');
    await trainRun({ ...common, epochs: 4, bitsPerWeight, out }, { dataset });
    const epochs = await metricsIn(out);
    for (const metrics of epochs) {
      expect(metrics.bitsPerWeight).toBeLessThanOrEqual(bitsPerWeight);
      expect(metrics.bitsPerWeight).toBeGreaterThan(0.98 * bitsPerWeight);
    }
    const model = await readModel(await readFile(join(out, 'model.safetensors')));
    expect(memoryOf(model).totals.compressed.bitsPerWeight).toBe(epochs[3].bitsPerWeight);
    // Two epochs of settlements, two with the mask at rest.
    expect(epochs.map(({ memoryBudget }) => memoryBudget.frozen)).toEqual([false, false, true, true]);
    const shares = (at: number) => epochs[at].layers.map(({ below, above }) => below + above);
    expect(shares(3)).toEqual(shares(2));
    expect(new Set(shares(3)).size).toBe(shares(3).length);
    const scales = (at: number) => epochs[at].layers.map(({ alpha, delta }) => [alpha, delta]);
    expect(scales(3)).toEqual(scales(2));
  });

  it('that cannot be reached is refused with what can', async () => {
    const out = join(folder, 'run');
    await expect(trainRun({ ...common, epochs: 1, bitsPerWeight: 30, out }, { dataset })).rejects.toThrow(
      /bitsPerWeight 30 cannot be reached: these layers take 1\.000 to .* bits a weight while delta stays above alpha/,
    );
  });

  it('belongs to weights that can follow it', async () => {
    const out = join(folder, 'run');
    await expect(
      trainRun({ ...common, epochs: 1, weights: 'binary', bitsPerWeight: 1.5, out }, { dataset }),
    ).rejects.toThrow('bitsPerWeight needs weights apb, prune or prune-kbit; binary has a fixed size');
  });

  it.each(['prune', 'prune-kbit'] as const)('sets how much %s leaves', async weights => {
    const out = join(folder, 'run');
    const { bitsPerWeight } = await trainRun(
      { ...common, epochs: 2, weights, bitsPerWeight: 2.5, out },
      { dataset },
    );
    expect(Math.abs(bitsPerWeight / 2.5 - 1)).toBeLessThan(0.02);
  });
});
