import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, memoryOf, readModel } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EpochMetrics } from '../../src/train/metrics.js';
import type { TrainCallbacks, TrainProgress } from '../../src/train/report.js';
import { trainRun } from '../../src/train/trainRun.js';
import { tinyData } from './tinyData.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apb-train-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dataset = tinyData();
const common = { model: 'mnist-cnn', engine: 'wasm', epochs: 2, batchSize: 32, seed: 3 } as const;
const out = (name = 'run') => join(folder, name);

async function metricsIn(path: string): Promise<EpochMetrics[]> {
  const text = await readFile(join(path, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
}

/** All fields but times. */
function timeless(metrics: EpochMetrics[]): Omit<EpochMetrics, 'seconds' | 'imagesPerSecond'>[] {
  return metrics.map(({ seconds, imagesPerSecond, ...rest }) => rest);
}

async function failureOf(
  options: object,
  callbacks: TrainCallbacks = { dataset },
  badInput = true,
): Promise<string> {
  const error = await trainRun(options as never, callbacks).then(
    () => undefined,
    error => error,
  );
  expect(error).toBeInstanceOf(Error);
  expect(error instanceof InputError).toBe(badInput);
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('trainRun', () => {
  it.each([
    ['apb', 32],
    ['apb', 2],
    ['apb', 1],
    ['binary', 1],
    ['fp32', 32],
  ] as const)('trains weights %s, activations %i, and keeps the run', async (weights, activations) => {
    const seen: TrainProgress[] = [];
    const result = await trainRun(
      { ...common, weights, activations, out: out() },
      { dataset, onProgress: p => seen.push(p) },
    );
    expect((await readdir(out())).sort()).toEqual([
      'checkpoint.safetensors',
      'config.json',
      'metrics.jsonl',
      'model.safetensors',
    ]);
    const metrics = await metricsIn(out());
    expect(metrics.map(m => m.epoch)).toEqual([1, 2]);
    expect(metrics[1].trainLoss).toBeLessThan(metrics[0].trainLoss);
    const last = metrics[1];
    expect(result).toEqual({
      top1: last.testTop1,
      bitsPerWeight: last.bitsPerWeight,
      fullPrecisionShare: last.fullPrecisionShare,
      imagesPerSecond: last.imagesPerSecond,
      inputs: last.inputs,
      epochs: 2,
      engine: 'wasm',
      out: out(),
    });
    const file = await readFile(join(out(), 'model.safetensors'));
    const model = await readModel(file);
    expect(model.classes).toEqual(dataset.classes);
    const { compressed } = memoryOf(model, file.length).totals;
    if (weights === 'fp32') expect([last.bitsPerWeight, last.fullPrecisionShare]).toEqual([32, 1]);
    else expect(last.bitsPerWeight).toBeCloseTo(compressed.bitsPerWeight, 10);
    if (weights === 'binary') expect([last.bitsPerWeight, last.fullPrecisionShare]).toEqual([1, 0]);
    expect(last.inputs.map(i => i.layer).length).toBe(activations === 32 ? 0 : 3);
    for (const { largestShare } of last.inputs) expect(largestShare).toBeLessThan(0.99);
    // 192 pictures are 6 steps of 32 an epoch, 50 test pictures one batch.
    expect(seen.map(p => p.phase)).toEqual(
      [...Array(2)].flatMap(() => [...Array(6).fill('train'), 'test', 'epoch']),
    );
    expect(seen[0]).toMatchObject({ phase: 'train', epoch: 1, epochs: 2, step: 1, steps: 6 });
    const config = JSON.parse(await readFile(join(out(), 'config.json'), 'utf8'));
    expect(config).toMatchObject({ ...common, weights, activations, data: 'squares', optimizer: 'adam' });
  });

  it('learns', async () => {
    const { top1 } = await trainRun({ ...common, epochs: 4, weights: 'apb', out: out() }, { dataset });
    expect(top1).toBeGreaterThan(0.9);
  });

  it('is a function of its settings', async () => {
    const run = async (name: string, seed: number) => {
      await trainRun({ ...common, epochs: 1, seed, out: out(name) }, { dataset });
      return [
        timeless(await metricsIn(out(name))),
        await readFile(join(out(name), 'model.safetensors')),
      ] as const;
    };
    const [first, again, other] = [await run('a', 1), await run('b', 1), await run('c', 2)];
    expect(again[0]).toEqual(first[0]);
    expect(again[1].equals(first[1])).toBe(true);
    expect(other[0]).not.toEqual(first[0]);
  });

  it('holds no more tensors after an epoch than after a step, and none after the run', async () => {
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    const onProgress = (p: TrainProgress) => {
      if (p.phase === 'train') counts.push(tf.memory().numTensors);
    };
    await trainRun(
      { ...common, epochs: 3, activations: 2, batchSize: 8, out: out() },
      { dataset, onProgress },
    );
    expect(counts.length).toBe(72);
    expect(new Set(counts).size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('starts from the weights of another run', async () => {
    await trainRun({ ...common, weights: 'fp32', epochs: 3, out: out('full') }, { dataset });
    const pretrained = {
      ...common,
      activations: 2,
      epochs: 1,
      init: out('full'),
      learningRate: 1e-9,
    } as const;
    const { top1 } = await trainRun({ ...pretrained, out: out('from') }, { dataset });
    const scratch = await trainRun({ ...pretrained, init: undefined, out: out('scratch') }, { dataset });
    // A rate of 1e-9 learns nothing: what is better than chance (0.1) came along.
    expect(scratch.top1).toBeLessThan(0.5);
    expect(top1).toBeGreaterThan(0.6);
  });

  it('freezes alpha and delta when asked', async () => {
    const rate = { quantizerLearningRate: 1, weights: 'apb' } as const;
    await trainRun({ ...common, ...rate, freezeQuantizersAtEpoch: 1, out: out('frozen') }, { dataset });
    await trainRun({ ...common, ...rate, out: out('free') }, { dataset });
    const alphas = (metrics: EpochMetrics[]) => metrics.map(m => m.layers.map(l => l.alpha));
    const [frozen, free] = [alphas(await metricsIn(out('frozen'))), alphas(await metricsIn(out('free')))];
    expect(frozen[0]).toEqual(free[0]);
    expect(frozen[1]).toEqual(frozen[0]);
    expect(free[1]).not.toEqual(free[0]);
  });

  it('stops on a signal and goes on from there', async () => {
    const stop = new AbortController();
    const onProgress = (p: TrainProgress) => {
      if (p.phase === 'train' && p.epoch === 2 && p.step === 3) stop.abort();
    };
    const settings = { ...common, epochs: 3 };
    const stopped = await trainRun(
      { ...settings, out: out() },
      { dataset, onProgress, signal: stop.signal },
    ).catch(error => error);
    expect(stopped.name).toBe('AbortError');
    expect((await metricsIn(out())).length).toBe(1);
    expect(existsSync(join(out(), 'model.safetensors'))).toBe(false);
    const epochs: number[] = [];
    // The settings may be left out: config.json has them.
    await trainRun(
      { out: out(), resume: true },
      { dataset, onProgress: p => p.phase === 'epoch' && epochs.push(p.epoch) },
    );
    expect(epochs).toEqual([2, 3]);
    await trainRun({ ...settings, out: out('undisturbed') }, { dataset });
    expect(timeless(await metricsIn(out()))).toEqual(timeless(await metricsIn(out('undisturbed'))));
    const [a, b] = await Promise.all(
      ['run', 'undisturbed'].map(n => readFile(join(out(n), 'model.safetensors'))),
    );
    expect(a.equals(b)).toBe(true);
  });
});

describe('trainRun refuses', () => {
  it.each([
    [{ model: 'resnet-20' }, /^model must be one of mnist-cnn, resnet20, .*, got resnet-20$/],
    [{ model: undefined }, /^no model is given; choose one of mnist-cnn, resnet20, /],
    [{ epochs: 0 }, /^epochs must be an integer of at least 1, got 0$/],
    [{ epochs: '3' }, /^epochs must be an integer of at least 1, got 3$/],
    [{ batchSize: 1.5 }, /^batchSize must be/],
    [{ learningRate: Number.NaN }, /^learningRate must be a number above 0/],
    [{ activations: 3 }, /^activations must be one of 32, 8, 4, 2, 1, got 3$/],
    [
      { weights: 'int8' },
      /^weights must be one of apb, binary, ternary, kbit, prune, prune-kbit, fp32, got int8$/,
    ],
    [{ engine: 'gpu' }, /^engine must be one of tensorflow, wasm, cpu, got gpu$/],
    [{ deltaRule: { rule: 'std' } }, /^deltaRule.factor must be a number above 0, got unset$/],
    [
      { deltaRule: { rule: 'percentile', percent: 101 } },
      /^deltaRule.percent must be .*, up to 100, got 101$/,
    ],
    [{ batchsize: 3 }, /^setting batchsize is unknown; known are recipe, model, data,/],
    [{ stem: 'cifar' }, /^mnist-cnn has no choice of stem; leave stem out$/],
    [
      { inputShape: [32, 32, 3] },
      /^mnist-cnn takes pictures of 32x32x3, squares has 28x28x1; choose another model$/,
    ],
    [{ classes: 12 }, /^mnist-cnn tells 12 classes apart, squares has 10; choose another model$/],
    [{ init: '/nowhere' }, /^\/nowhere holds no run with a finished epoch; give the folder of one$/],
    [{ resume: true }, /run holds no run to resume; leave resume out to start one$/],
    [{ out: '' }, /^no run directory is given/],
  ])('%o and leaves nothing behind', async (wrong, message) => {
    expect(await failureOf({ ...common, out: out(), ...wrong })).toMatch(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it('unknown and missing data sets', async () => {
    expect(await failureOf({ ...common, data: 'imagenet', out: out() }, {})).toMatch(
      /^there is no data set "imagenet"; known are mnist, fashion-mnist, cifar10 and imagefolder:PATH$/,
    );
    const before = process.env.APB_CACHE;
    process.env.APB_CACHE = join(folder, 'empty');
    try {
      expect(await failureOf({ ...common, data: 'mnist', out: out() }, {})).toBe(
        'data set mnist is not here; run `apb data fetch mnist`',
      );
    } finally {
      if (before === undefined) delete process.env.APB_CACHE;
      else process.env.APB_CACHE = before;
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('a folder that has a run, a file in its place, and a resume that contradicts the run', async () => {
    const settings = { ...common, epochs: 1, out: out() };
    await trainRun(settings, { dataset });
    expect(await failureOf(settings)).toMatch(
      /already holds a run; continue it with resume, or choose another folder$/,
    );
    expect(await failureOf({ ...settings, epochs: 2, resume: true })).toBe(
      `the run in ${out()} has epochs 1, not 2; leave epochs out to resume it, or choose another folder`,
    );
    expect(await failureOf({ ...settings, limit: 5, resume: true })).toMatch(/has limit unset, not 5/);
    // Resuming a finished run changes nothing but writes what a kill may have left out.
    const before = await readFile(join(out(), 'model.safetensors'));
    await rm(join(out(), 'model.safetensors'));
    await rm(join(out(), 'metrics.jsonl'));
    await trainRun({ ...settings, resume: true }, { dataset });
    expect((await readFile(join(out(), 'model.safetensors'))).equals(before)).toBe(true);
    expect((await metricsIn(out())).length).toBe(1);
    await writeFile(out('file'), '');
    expect(await failureOf({ ...settings, out: out('file') })).toMatch(
      /cannot be made: .*; choose another folder/,
    );
  });

  it('a damaged checkpoint or config', async () => {
    const settings = { ...common, epochs: 1, out: out() };
    await trainRun(settings, { dataset });
    const path = join(out(), 'checkpoint.safetensors');
    const whole = await readFile(path);
    const resume = () => failureOf({ out: out(), resume: true });
    for (const length of [0, 7, 100, whole.length >> 1, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length));
      expect(await resume()).toMatch(
        /checkpoint\.safetensors is damaged: .*; start the run again in another folder$/,
      );
    }
    // A bit in the first byte after the header's length, in the header's middle, and in the last weight.
    for (const at of [9, 2000, whole.length - 1]) {
      const flipped = Buffer.from(whole);
      flipped[at] ^= 1;
      await writeFile(path, flipped);
      expect(await resume()).toMatch(/checkpoint\.safetensors (is damaged|is no checkpoint)/);
    }
    await writeFile(path, whole);
    await writeFile(join(out(), 'config.json'), '{"model": ');
    expect(await resume()).toMatch(/config\.json is damaged/);
    await writeFile(join(out(), 'config.json'), '{"model": "mnist-cnn", "epoch": 3}');
    expect(await resume()).toMatch(/config\.json: setting epoch is unknown/);
    await rm(out(), { recursive: true });
    await mkdir(out());
  });

  it('a diverging run', async () => {
    const wild = {
      ...common,
      optimizer: 'sgd',
      learningRate: 1e30,
      schedule: { kind: 'cosine', warmupEpochs: 0 },
      weights: 'fp32',
    } as const;
    expect(await failureOf({ ...wild, out: out() }, { dataset }, false)).toMatch(
      /^training diverged: the loss is .*; lower learningRate/,
    );
  });
});
