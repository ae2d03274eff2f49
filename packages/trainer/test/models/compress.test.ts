import { denseValues, isBinarized, paperBits } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  ApbDense,
  ApbDepthwiseConv2D,
  bitsPerWeight,
  buildModel,
  compressedLayers,
  layerReport,
  parameterGroups,
  pruneModel,
  reinitialiseBinarized,
  type WeightMode,
  type WeightQuantizerConfig,
  weightModes,
} from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from '../quantizers/numbers.js';

/** One dense layer of 16 x 8 weights. */
function one(quantizer: WeightQuantizerConfig) {
  const kernelInitializer = initializers.randomNormal({ stddev: 1, seed: 3 });
  const m = sequential({
    layers: [new ApbDense({ units: 8, inputShape: [16], quantizer, kernelInitializer })],
  });
  return { m, kernel: compressedLayers(m)[0].weightQuantizer };
}

const wHatOf = (m: LayersModel) =>
  denseValues(compressedLayers(m)[0].weightQuantizer.toWeightData('float32'));

await onEachEngine(() => {
  describe('pruneModel', () => {
    it('raises the sparsity of pruned layers, smallest weights first, and then lets the masks rest', () => {
      const { m, kernel } = one({ kind: 'prune' });
      const schedule = { sparsity: 0.75, end: 0.5 };
      expect(pruneModel(m, schedule, 0.25)).toBeCloseTo(0.75 * (1 - 1 / 8), 12);
      expect(wHatOf(m).filter(x => x === 0).length).toBe(Math.floor(128 * 0.65625));
      pruneModel(m, schedule, 0.5);
      const mask = kernel.values().mask.slice();
      expect(mask.reduce((a, b) => a + b)).toBe(32);
      kernel.setLatent(normal(128, 9));
      pruneModel(m, schedule, 0.9);
      expect(kernel.values().mask).toEqual(mask);
    });

    it('leaves other layers alone', () => {
      const { m } = one({ kind: 'apb' });
      const before = wHatOf(m);
      pruneModel(m, { sparsity: 0.9 }, 1);
      expect(wHatOf(m)).toEqual(before);
    });
  });

  describe('reinitialiseBinarized', () => {
    it('moves binarized weights to the middle of their interval and changes nothing that the network computes', () => {
      const { m, kernel } = one({ kind: 'apb', deltaAboveAlpha: false });
      kernel.initialise({ rule: 'percentile', percent: 80 });
      const [before, latent, shares] = [wHatOf(m), kernel.latent().slice(), kernel.fullPrecision()];
      reinitialiseBinarized(m);
      expect(wHatOf(m)).toEqual(before);
      expect(kernel.fullPrecision()).toEqual(shares);
      expect(shares.above + shares.below).toBeGreaterThan(10);
      const { alpha, delta } = kernel.scales();
      const expected = latent.map(w => (isBinarized(w, alpha[0], delta) ? (w < 0 ? -1 : 1) * alpha[0] : w));
      expect(kernel.latent()).toEqual(expected);
    });
  });

  describe('layerReport', () => {
    // 128 weights: 7 bits for an index.
    it.each<[WeightQuantizerConfig, number, number]>([
      [{ kind: 'binary', perChannel: true }, paperBits(128, 0, 8), 0],
      [{ kind: 'binary', scale: 'mean' }, 128, 0],
      [{ kind: 'ternary' }, 2 * 128, 0],
      [{ kind: 'kbit', bits: 4, perChannel: true }, 4 * 128 + 7 * 32, 0],
      [{ kind: 'kbit', bits: 2, method: 'dorefa' }, 2 * 128, 0],
      [{ kind: 'prune', sparsity: 0.75 }, 32 * (32 + 7), 32],
      [{ kind: 'prune-kbit', sparsity: 0.75, bits: 3 }, 32 * (3 + 7), 0],
    ])('counts the bits of %o', (quantizer, bits, above) => {
      const { m } = one(quantizer);
      expect(layerReport(m)[0]).toMatchObject({ bits, above, below: 0, delta: Number.POSITIVE_INFINITY });
      expect(bitsPerWeight(m)).toBe(bits / 128);
    });
  });

  describe('fixed scales', () => {
    it('are weights that no optimizer gets', () => {
      const { m } = one({ kind: 'apb', learnDelta: false });
      expect(m.trainableWeights.map(w => w.originalName.split('/').pop())).toEqual([
        'kernel',
        'bias',
        'alpha',
      ]);
      expect(parameterGroups(m)).toMatchObject({ deltas: [], alphas: [{}], weights: [{}], others: [{}] });
      const { m: fixed } = one({ kind: 'apb', learnAlpha: false, learnDelta: false });
      expect(parameterGroups(fixed)).toMatchObject({ deltas: [], alphas: [] });
      expect(fixed.weights).toHaveLength(4);
    });
  });

  describe('ApbDepthwiseConv2D', () => {
    const args = {
      kernelSize: 3,
      strides: 1,
      depthMultiplier: 2,
      inputShape: [7, 6, 3],
      useBias: true,
    } as const;

    it.each(['same', 'valid'] as const)('is the depthwise convolution of W_hat, padding %s', padding => {
      const ours = new ApbDepthwiseConv2D({
        ...args,
        inputShape: [7, 6, 3],
        padding,
        activation: 'relu',
        biasInitializer: initializers.randomNormal({ seed: 4 }),
        depthwiseInitializer: initializers.randomNormal({ stddev: 1, seed: 5 }),
        quantizer: { kind: 'apb', perChannel: true },
        deltaRule: { rule: 'percentile', percent: 80 },
      });
      const plain = layers.depthwiseConv2d({ ...args, inputShape: [7, 6, 3], padding, activation: 'relu' });
      const [a, b] = [ours, plain].map(layer => sequential({ layers: [layer] }));
      const { alpha, delta } = ours.weightQuantizer.scales();
      expect(alpha.length).toBe(6);
      const wHat = ours.weightQuantizer
        .latent()
        .map((w, i) => (isBinarized(w, alpha[i % 6], delta) ? (w < 0 ? -1 : 1) * alpha[i % 6] : w));
      const bias = ours.weights.find(w => w.originalName.endsWith('bias'))!.read();
      plain.setWeights([tf.tensor4d(wHat, [3, 3, 3, 2]), bias]);
      const x = tf.tensor4d(normal(2 * 126, 9), [2, 7, 6, 3]);
      const [ya, yb] = [a, b].map(m => m.predict(x) as tf.Tensor);
      expect(ya.shape).toEqual(yb.shape);
      expect(a.outputShape).toEqual(b.outputShape);
      expect([...ya.dataSync()]).toEqual([...yb.dataSync()]);
    });

    it('applies its dilation, and knows the shape that follows', () => {
      const layer = new ApbDepthwiseConv2D({
        ...args,
        inputShape: [7, 6, 3],
        padding: 'valid',
        dilationRate: 2,
        quantizer: { kind: 'binary' },
      });
      const m = sequential({ layers: [layer] });
      expect(m.outputShape).toEqual([null, 3, 2, 6]);
      expect((m.predict(tf.zeros([1, 7, 6, 3])) as tf.Tensor).shape).toEqual([1, 3, 2, 6]);
    });
  });

  describe('buildModel', () => {
    it.each(weightModes)('trains mnist-cnn with weights %s', (weights: WeightMode) => {
      const m = buildModel('mnist-cnn', { weights, activations: 32, seed: 1 });
      const { grads } = tf.variableGrads(() =>
        tf.mean(tf.square(m.apply(tf.ones([1, 28, 28, 1]), { training: true }) as tf.Tensor)),
      );
      expect(Object.values(grads).every(g => [...g.dataSync()].every(Number.isFinite))).toBe(true);
      const groups = Object.values(parameterGroups(m)).flat();
      expect(new Set(groups).size).toBe(m.trainableWeights.length);
    });
  });
});
