import { InputError, sizeOf } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  ApbDense,
  activationQuantizers,
  allLayers,
  BatchNorm,
  bitsPerWeight,
  buildModel,
  calibrateActivations,
  compressedLayers,
  constrainQuantizers,
  initialiseQuantizers,
  layerReport,
  modelNames,
  parameterGroups,
  reestimateBatchNorm,
  transferWeights,
} from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from '../quantizers/numbers.js';

const apb = { weights: 'apb', activations: 32, seed: 1 } as const;
const values = (t: tf.Tensor) => [...t.dataSync()];
const snapshot = (m: ReturnType<typeof buildModel>) => m.weights.map(w => values(w.read()));

await onEachEngine(() => {
  describe('buildModel', () => {
    it('gives the same weights for the same seed and others for another', () => {
      const [a, b, c] = [0, 0, 1].map(seed => buildModel('mnist-cnn', { ...apb, seed }));
      expect(snapshot(a)).toEqual(snapshot(b));
      expect(snapshot(c)).not.toEqual(snapshot(a));
    });

    it.each(
      ['mnist-cnn', 'resnet20'].flatMap(name => ([32, 2, 1] as const).map(bits => [name, bits] as const)),
    )(
      'builds %s with %i-bit activations, compressed but for its first and last layer',
      (name, activations) => {
        const m = buildModel(name, { ...apb, activations });
        const kernels = allLayers(m).filter(l => l.weights.some(w => w.originalName.endsWith('kernel')));
        expect(compressedLayers(m).map(l => l.name)).toEqual(kernels.slice(1, -1).map(l => l.name));
        expect(activationQuantizers(m)).toHaveLength(activations === 32 ? 0 : compressedLayers(m).length);
        // One quantizer stands directly in front of every compressed layer.
        if (activations !== 32)
          for (const layer of compressedLayers(m)) {
            const source = layer.inboundNodes[0].inboundLayers[0];
            const before =
              source.getClassName() === 'Flatten' ? source.inboundNodes[0].inboundLayers[0] : source;
            expect(before.getClassName()).toBe('ActivationQuantizer');
          }
        expect(m.outputShape).toEqual([null, 10]);
      },
    );

    it('puts no ReLU in front of a sign', () => {
      for (const name of ['mnist-cnn', 'resnet20'])
        for (const layer of activationQuantizers(buildModel(name, { ...apb, activations: 1 })))
          expect(['BatchNorm', 'PReLU']).toContain(layer.inboundNodes[0].inboundLayers[0].getClassName());
    });

    it('has the sizes that are written about it', () => {
      const count = (name: string) => {
        const m = buildModel(name, apb);
        const of = (ls: layers.Layer[]) =>
          ls
            .flatMap(l => l.weights)
            .filter(w => w.originalName.endsWith('kernel'))
            .reduce((n, w) => n + sizeOf(w.shape as number[]), 0);
        return [of(compressedLayers(m)), of(allLayers(m))];
      };
      expect(count('resnet20')).toEqual([267264, 267264 + 432 + 640]);
      expect(count('mnist-cnn')).toEqual([285184, 285184 + 400 + 2560]);
    });

    it('says what it knows when asked for something else', () => {
      expect(() => buildModel('resnet21', apb)).toThrow(
        new InputError(`model resnet21 is unknown; choose one of ${modelNames.join(', ')}`),
      );
      expect(() => buildModel('constructor', apb)).toThrow(InputError);
      expect(() => buildModel('resnet20', { ...apb, weights: 'int8' as 'apb' })).toThrow(
        'choose one of apb, binary, ternary, kbit, prune, prune-kbit, fp32',
      );
      expect(() => buildModel('resnet20', { ...apb, activations: 3 as 2 })).toThrow(
        'activations 3 is unknown',
      );
      expect(() => buildModel('resnet20', { ...apb, seed: 0.5 })).toThrow('seed 0.5');
    });
  });

  describe('parameterGroups', () => {
    it('puts every trainable variable into one group', () => {
      const m = buildModel('resnet20', { ...apb, activations: 2 });
      const groups = parameterGroups(m);
      const all = Object.values(groups).flat();
      expect(new Set(all).size).toBe(all.length);
      expect(new Set(all)).toEqual(new Set(m.trainableWeights.map(w => w.read())));
      expect(groups.weights).toHaveLength(20);
      expect(groups.alphas).toHaveLength(18);
      expect(groups.deltas).toHaveLength(18);
      expect(groups.bounds).toHaveLength(18);
      expect(groups.others).toHaveLength(2 * 19 + 1);
    });

    it('does not take PReLU slopes for scales', () => {
      const groups = parameterGroups(buildModel('resnet20', { ...apb, activations: 1 }));
      expect(groups.alphas).toHaveLength(18);
      expect(groups.bounds).toHaveLength(0);
      expect(groups.others).toHaveLength(2 * 19 + 1 + 18);
    });
  });

  describe('transferWeights', () => {
    it('copies kernels and batch norms from the full-precision net, and starts the quantizers from them', () => {
      const source = buildModel('mnist-cnn', { ...apb, weights: 'fp32', seed: 7 });
      const target = buildModel('mnist-cnn', { ...apb, seed: 8 });
      source.getLayer('norm2').setWeights([1, 2, 3, 4].map(v => tf.fill([32], v)));
      expect(transferWeights(source, target)).toEqual([]);
      initialiseQuantizers(target);
      for (const layer of allLayers(source)) {
        const own = values(tf.concat([tf.zeros([1]), ...layer.getWeights().map(w => tf.reshape(w, [-1]))]));
        const copied = target.getLayer(layer.name).getWeights().slice(0, layer.weights.length);
        expect(
          values(tf.concat([tf.zeros([1]), ...copied.map(w => tf.reshape(w, [-1]))])),
          layer.name,
        ).toEqual(own);
      }
      const kernel = values(source.getLayer('conv2').getWeights()[0]);
      const mean = kernel.reduce((a, w) => a + Math.abs(w), 0) / kernel.length;
      expect(layerReport(target)[0].alpha).toEqual([Math.fround(mean)]);
    });

    it('names layers without a source, and refuses other architectures', () => {
      const [a, b] = [sequential(), sequential()];
      a.add(layers.dense({ name: 'one', units: 2, inputShape: [3] }));
      b.add(layers.dense({ name: 'one', units: 2, inputShape: [3] }));
      b.add(layers.dense({ name: 'two', units: 2 }));
      expect(transferWeights(a, b)).toEqual(['two']);
      expect(() => transferWeights(buildModel('resnet20', apb), b)).toThrow(
        'no layer of the two models has the same name',
      );
      const c = sequential({ layers: [layers.dense({ name: 'one', units: 4, inputShape: [3] })] });
      expect(() => transferWeights(a, c)).toThrow('layer one: its kernel is [3,4], the pretrained one [3,2]');
    });
  });

  describe('reestimateBatchNorm', () => {
    it.each([
      ['ours', () => new BatchNorm({ inputShape: [2] })],
      ["tf.layers'", () => layers.batchNormalization({ inputShape: [2] })],
    ])('sets running statistics to the mean over the batches (%s), and nothing else', async (_, make) => {
      const norm = make() as BatchNorm;
      const m = sequential({ layers: [norm, layers.dropout({ rate: 0.5 })] });
      const momentum = norm.momentum;
      norm.setWeights([9, 9, 9, 9].map(v => tf.fill([2], v)));
      // Means 2 and 6, variances 1 and 4 in both channels.
      await reestimateBatchNorm(m, [tf.tensor2d([1, 1, 3, 3], [2, 2]), tf.tensor2d([4, 4, 8, 8], [2, 2])]);
      expect(norm.getWeights().map(values)).toEqual([
        [9, 9],
        [9, 9],
        [4, 4],
        [2.5, 2.5],
      ]);
      expect(norm.momentum).toBe(momentum);
      // The layer is itself again: inference leaves the statistics alone.
      tf.tidy(() => void m.predict(tf.ones([2, 2])));
      expect(values(norm.getWeights()[2])).toEqual([4, 4]);
    });

    it('normalises every layer of a deep net by what reaches it', async () => {
      const m = buildModel('mnist-cnn', apb);
      const x = tf.tensor4d(normal(64 * 784, 1), [64, 28, 28, 1]);
      await reestimateBatchNorm(m, [x]);
      // With one batch, inference now equals training on that batch, up to how each sums.
      const [inference, training] = [false, true].map(t => values(m.apply(x, { training: t }) as tf.Tensor));
      const largest = Math.max(...training.map(Math.abs));
      inference.forEach((v, i) => {
        expect(Math.abs(v - training[i])).toBeLessThan(1e-3 * largest);
      });
    });

    it('needs a batch', async () => {
      await expect(reestimateBatchNorm(buildModel('mnist-cnn', apb), [])).rejects.toThrow(
        'at least one batch',
      );
    });
  });

  it('calibrateActivations fits every interval to the values that reach it', async () => {
    const m = buildModel('mnist-cnn', { ...apb, activations: 2 });
    const x = tf.tensor4d(normal(16 * 784, 2), [16, 28, 28, 1]);
    // A batch norm scaled by 10 has values ten times as large behind it.
    const norm = m.getLayer('norm2');
    norm.setWeights([tf.fill([32], 10), ...norm.getWeights().slice(1)]);
    await reestimateBatchNorm(m, [x]);
    calibrateActivations(m, x);
    const his = activationQuantizers(m).map(l => l.bounds().hi);
    // Near 1.6 behind a unit normal and a ReLU; the signal is not quite normal.
    expect(his[0]).toBeGreaterThan(0.8);
    expect(his[0]).toBeLessThan(3);
    expect(his[1]).toBeGreaterThan(8);
    expect(his[1]).toBeLessThan(30);
  });

  describe('layerReport and bitsPerWeight', () => {
    it('count full-precision weights below and above the interval', () => {
      const quantizer = { kind: 'apb', deltaAboveAlpha: false } as const;
      const layer = new ApbDense({ name: 'd', units: 2, useBias: false, inputShape: [4], quantizer });
      const m = sequential({ layers: [layer] });
      layer.setWeights([
        tf.tensor2d([0.1, -0.2, 1, -1, 0.9, 1.1, 3, -1], [4, 2]),
        tf.scalar(1),
        tf.scalar(0.5),
      ]);
      expect(layerReport(m)).toEqual([
        // 8 signs, three values of 32 bits and three positions of 3 bits.
        {
          name: 'd',
          weights: 8,
          encoding: 'apb',
          below: 2,
          above: 1,
          fullPrecisionShare: 3 / 8,
          alpha: [1],
          delta: 0.5,
          bits: 8 + 3 * 35,
        },
      ]);
      expect(bitsPerWeight(m)).toBe((8 + 3 * 35) / 8);
    });

    it('count 1 bit for binary weights and 32 without compressed layers', () => {
      expect(bitsPerWeight(buildModel('resnet20', { ...apb, weights: 'binary' }))).toBe(1);
      expect(bitsPerWeight(buildModel('resnet20', { ...apb, weights: 'fp32' }))).toBe(32);
    });

    it('see values that an optimizer left out of bounds as they will be used', () => {
      const m = buildModel('mnist-cnn', { ...apb, activations: 2 });
      for (const v of [...parameterGroups(m).deltas, ...parameterGroups(m).bounds]) v.assign(tf.scalar(-1));
      constrainQuantizers(m);
      for (const { alpha, delta, below } of layerReport(m)) {
        expect(delta).toBeGreaterThan(alpha[0]);
        expect(below).toBe(0);
      }
      for (const layer of activationQuantizers(m))
        expect(layer.bounds()).toEqual({ lo: 0, hi: Math.fround(1e-4) });
    });
  });
});
