import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, memoryOf, readModel } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectEngine } from '../../src/engines/select.js';
import { buildModel } from '../../src/models/buildModel.js';
import { compressedLayers } from '../../src/models/walk.js';
import { resolveConfig, type TrainOptions } from '../../src/train/config.js';
import { top1 } from '../../src/train/evaluate.js';
import { loadRun } from '../../src/train/loadRun.js';
import type { EpochMetrics } from '../../src/train/metrics.js';
import { optimizersOf, stepAll } from '../../src/train/optimizersOf.js';
import type { TrainCallbacks } from '../../src/train/report.js';
import { fileTeacher, layersTeacher } from '../../src/train/teacher.js';
import { trainRun } from '../../src/train/trainRun.js';
import { tinyData } from './tinyData.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apb-recipe-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dataset = tinyData();
const out = (name: string) => join(folder, name);
const common = { model: 'mnist-cnn', engine: 'wasm', batchSize: 32, seed: 3 } as const;

const train = (name: string, settings: Partial<TrainOptions>, more: TrainCallbacks = {}) =>
  trainRun({ ...common, ...settings, out: out(name) }, { dataset, ...more });

async function metricsIn(name: string): Promise<EpochMetrics[]> {
  const text = await readFile(join(out(name), 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
}

describe('validation', () => {
  it('judges epochs on held-out pictures, and the last on test pictures too', async () => {
    const phases = new Set<string>();
    const onProgress = (p: { phase: string; epoch: number }) => phases.add(`${p.phase} ${p.epoch}`);
    const result = await train('run', { epochs: 2, validation: 40 }, { onProgress });
    const [first, last] = await metricsIn('run');
    expect('testTop1' in first).toBe(false);
    expect(first.validationTop1! * 40).toBeCloseTo(Math.round(first.validationTop1! * 40), 9);
    expect(result).toMatchObject({ top1: last.testTop1, validationTop1: last.validationTop1 });
    expect([phases.has('validation 1'), phases.has('test 1'), phases.has('test 2')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('warns where the run that it starts from has seen the pictures, and not where it has not', async () => {
    await train('seen', { epochs: 1, weights: 'fp32' });
    await train('apart', { epochs: 1, weights: 'fp32', validation: 40, seed: 8 });
    const warningsFrom = async (init: string) => {
      const warnings: string[] = [];
      const settings = { epochs: 1, validation: 40, init: out(init) };
      await train(`from-${init}`, settings, { onWarning: w => warnings.push(w) });
      return warnings.filter(w => w.includes('held out'));
    };
    expect(await warningsFrom('seen')).toEqual([expect.stringMatching(/train it with validation 40/)]);
    expect(await warningsFrom('apart')).toEqual([]);
  });

  it('leaves pictures to train on', async () => {
    await expect(train('run', { epochs: 1, validation: 192 })).rejects.toThrow(
      /192 of 192 training pictures/,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the mean of the weights', () => {
  it('is what is evaluated, exported and loaded', async () => {
    const { top1: told } = await train('run', { epochs: 3, ema: 0.95, activations: 2 });
    const last = (await metricsIn('run'))[2];
    const file = await readFile(join(out('run'), 'model.safetensors'));
    const { compressed } = memoryOf(await readModel(file), file.length).totals;
    expect(compressed.bitsPerWeight).toBeCloseTo(last.bitsPerWeight, 10);
    const { model } = await loadRun(out('run'));
    expect(await top1(model, dataset.test, dataset)).toBe(told);
    model.dispose();
    expect(told).toBeGreaterThan(0.8);
  });

  it('leaves training itself as it is', async () => {
    await train('with', { epochs: 2, ema: 0.95 });
    await train('without', { epochs: 2 });
    const losses = async (name: string) => (await metricsIn(name)).map(m => [m.trainLoss, m.trainTop1]);
    expect(await losses('with')).toEqual(await losses('without'));
  });

  it('holds no tensors after the run', async () => {
    await selectEngine('wasm');
    const before = tf.memory().numTensors;
    await train('run', { epochs: 2, ema: 0.9, clipNorm: 1, mix: { mixup: 1 } });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('distillation', () => {
  it('teaches without labels, from a run or from its file', async () => {
    await train('teacher', { epochs: 4, weights: 'fp32' });
    const before = tf.memory().numTensors;
    // With a weight of 1 the labels do not count.
    const settings = { epochs: 4, weights: 'apb', distill: { temperature: 2, weight: 1 } } as const;
    const from = (teacher: string) => ({ ...settings, distill: { ...settings.distill, teacher } });
    const { top1 } = await train('student', from(out('teacher')));
    expect(top1).toBeGreaterThan(0.8);
    expect(tf.memory().numTensors).toBe(before);
    const again = await train('again', from(join(out('teacher'), 'model.safetensors')));
    expect(again.top1).toBe(top1);
  });

  it('hears the same from a file as from the network itself, whatever the file normalises by', async () => {
    await train('teacher', { epochs: 1, weights: 'apb', activations: 32 });
    const { model } = await loadRun(out('teacher'));
    const other = { ...dataset, mean: [0.5], std: [0.25] };
    const path = join(out('teacher'), 'model.safetensors');
    const [own, read, moved] = [
      layersTeacher(model, dataset),
      await fileTeacher(path, dataset),
      await fileTeacher(path, other),
    ];
    tf.tidy(() => {
      const pixels = tf.randomUniform([5, 28, 28, 1], 0, 1, 'float32', 4);
      const by = ({ mean, std }: { mean: readonly number[]; std: readonly number[] }) =>
        tf.div(tf.sub(pixels, mean[0]), std[0]);
      const expected = own.logits(by(dataset)).dataSync();
      const largest = Math.max(...expected.map(Math.abs));
      for (const got of [read.logits(by(dataset)), moved.logits(by(other))])
        got.dataSync().forEach((z, i) => {
          // Four layers of sums of at most 1152 terms, whose rounding grows with the root of their number.
          expect(Math.abs(z - expected[i])).toBeLessThan(4 * Math.sqrt(1152) * 2 ** -23 * largest * 8);
        });
    });
    for (const teacher of [own, read, moved]) teacher.dispose();
    model.dispose();
  });

  it('takes a model whose last layer is a softmax by its logarithms', async () => {
    await selectEngine('cpu');
    const model = sequential();
    model.add(layers.flatten({ inputShape: [28, 28, 1] }));
    model.add(layers.dense({ units: 10, activation: 'softmax', kernelInitializer: 'zeros' }));
    const z = layersTeacher(model, dataset).logits(tf.zeros([1, 28, 28, 1]));
    for (const value of z.dataSync()) expect(value).toBeCloseTo(Math.log(0.1), 5);
  });

  it.each([
    [{ distill: {} }, {}, /^distill has no teacher; give distill.teacher a model file/],
    [{ distill: { teacher: '/nowhere' } }, {}, /^the teacher \/nowhere cannot be read; give a model file/],
    [
      {},
      { teacher: 'resnet20' },
      /^the teacher takes pictures of 32x32x3, squares has 28x28x1; choose another teacher$/,
    ],
  ])('refuses %o %o', async (settings, { teacher }: { teacher?: string }, message) => {
    await selectEngine('wasm');
    const model = teacher && buildModel(teacher, { weights: 'fp32', activations: 32, seed: 1 });
    const error = await train('run', { epochs: 1, ...settings }, model ? { teacher: model } : {}).catch(
      e => e,
    );
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('weight decay', () => {
  it('has a number for compressed kernels, other kernels, and the rest', async () => {
    await selectEngine('cpu');
    const config = resolveConfig({
      model: 'mnist-cnn',
      data: 'mnist',
      optimizer: 'sgd',
      momentum: 0,
      learningRate: 0.5,
      weightDecay: { compressed: 0.5, other: 0.25, rest: 0.125 },
    });
    const model = buildModel('mnist-cnn', { weights: 'apb', activations: 32, seed: 1 });
    const optimizers = optimizersOf(model, { ...config, engine: 'cpu' });
    const latent = compressedLayers(model).map(layer => layer.weightQuantizer.weights);
    const before = new Map(optimizers.variables.map(v => [v, v.dataSync().slice()]));
    tf.tidy(() => {
      const gradients = Object.fromEntries(optimizers.variables.map(v => [v.name, tf.zerosLike(v)]));
      stepAll(optimizers, gradients, { ...config, engine: 'cpu' }, 1);
    });
    const scalars = new Set(['alpha', 'delta']);
    for (const [variable, values] of before) {
      const own = variable.name.split('/').pop()!.replace(/_\d+$/, '');
      const decay = scalars.has(own) ? 0 : latent.includes(variable) ? 0.5 : own === 'kernel' ? 0.25 : 0.125;
      // Powers of two: exact.
      const expected = values.map(w => w - 0.5 * decay * w);
      variable.dataSync().forEach((w, i) => {
        expect(w, variable.name).toBeCloseTo(expected[i], 6);
      });
    }
  });
});
