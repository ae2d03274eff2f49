import { createReferenceBackend, denseValues, type Model, readModel, tensor, writeModel } from '@apb/core';
import { createSession } from '@apb/runtime';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ActivationQuantizer,
  ApbConv2D,
  ApbDense,
  ApbDepthwiseConv2D,
  BatchNorm,
  compressedLayers,
  pruneModel,
  selectEngine,
  type WeightQuantizerConfig,
} from '../../src/index.js';
import { normal } from '../quantizers/numbers.js';
import { exported } from './run.js';

/** Every encoding of a file, by a way to train it; undefined leaves the layers to tf.layers. */
const ways: readonly (readonly [string, string, WeightQuantizerConfig | undefined])[] = [
  ['float', 'float32', undefined],
  ['apb', 'apb', { kind: 'apb' }],
  [
    'apb',
    'apb, fixed, one alpha per channel',
    { kind: 'apb', learnAlpha: false, learnDelta: false, perChannel: true },
  ],
  ['binary', 'binary', { kind: 'binary' }],
  ['binary', 'binary by the mean', { kind: 'binary', scale: 'mean', perChannel: true }],
  ['ternary', 'ternary', { kind: 'ternary' }],
  ['kbit', '2 bits, LSQ', { kind: 'kbit', bits: 2 }],
  ['kbit', '5 bits, LSQ per channel', { kind: 'kbit', bits: 5, perChannel: true }],
  ['kbit', '4 bits, DoReFa', { kind: 'kbit', bits: 4, method: 'dorefa' }],
  ['sparse', 'pruned', { kind: 'prune' }],
  ['sparseKbit', 'pruned and 3 bits', { kind: 'prune-kbit', bits: 3 }],
];

/**
 * Convolution, depthwise convolution with bias and a dense layer, input [8, 7, 4], 3 outputs. With 2 bits the input
 * alone is quantized: its codes are the same everywhere, so that no later rounding turns into another code.
 */
function network(quantizer: WeightQuantizerConfig | undefined, bits: 32 | 2) {
  let seed = 10;
  const init = () => initializers.heNormal({ seed: seed++ });
  const deltaRule = { rule: 'percentile', percent: 90 } as const;
  const common = { quantizer, deltaRule };
  const conv = { filters: 8, kernelSize: 3, strides: 2, padding: 'same', useBias: false } as const;
  const depthwise = { kernelSize: 3, padding: 'same', depthMultiplier: 2, activation: 'relu' } as const;
  const first = input({ shape: [8, 7, 4] });
  const own = { kernelInitializer: init() };
  let x =
    bits === 32
      ? first
      : (new ActivationQuantizer({ bits, quantizer: 'lsq', lsq: { symmetric: true } }).apply(
          first,
        ) as SymbolicTensor);
  x = (quantizer ? new ApbConv2D({ ...conv, ...own, ...common }) : layers.conv2d({ ...conv, ...own })).apply(
    x,
  ) as SymbolicTensor;
  x = layers.reLU().apply(new BatchNorm().apply(x)) as SymbolicTensor;
  const bias = { depthwiseInitializer: init(), biasInitializer: init() };
  x = (
    quantizer
      ? new ApbDepthwiseConv2D({ ...depthwise, ...bias, ...common })
      : layers.depthwiseConv2d({ ...depthwise, ...bias })
  ).apply(x) as SymbolicTensor;
  x = layers.flatten().apply(x) as SymbolicTensor;
  const last = { units: 3, kernelInitializer: init() };
  x = (quantizer ? new ApbDense({ ...last, ...common }) : layers.dense(last)).apply(x) as SymbolicTensor;
  return model({ inputs: first, outputs: x });
}

/** A few steps on noise, pruning to 60 % on the way. */
async function trained(quantizer: WeightQuantizerConfig | undefined, bits: 32 | 2) {
  const m = network(quantizer, bits);
  m.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
  const x = tf.tensor4d(normal(16 * 224, 5), [16, 8, 7, 4]);
  const y = tf.tensor2d(normal(16 * 3, 6), [16, 3]);
  const losses: number[] = [];
  for (const progress of [0, 0.3, 1]) {
    pruneModel(m, { sparsity: 0.6, end: 0.5 }, progress);
    losses.push(...((await m.fit(x, y, { epochs: 4, batchSize: 16 })).history.loss as number[]));
  }
  tf.dispose([x, y]);
  expect(losses.every(Number.isFinite)).toBe(true);
  return m;
}

const reference = { name: 'reference', load: async () => createReferenceBackend };

/**
 * What the outputs of two float32 computations of the network can differ by, layer by layer: an error in the input
 * grows by the largest row sum of |w|, and each of the two sums of k products (and bias) in any order is off by
 * (k + 4) * 2^-24 times the sum of its terms' sizes.
 */
function boundOf(m: LayersModel, read: Model, x: tf.Tensor): number {
  let error = 0;
  for (const layer of m.layers) {
    const largest = tf.tidy(() => {
      const before = layer.inboundNodes[0].inputTensors[0] ?? m.inputs[0];
      const values =
        before === m.inputs[0] ? x : (model({ inputs: m.inputs, outputs: before }).predict(x) as tf.Tensor);
      return tf.max(tf.abs(values)).dataSync()[0];
    });
    const stored = Object.entries(read.weights).find(
      ([name]) => name.startsWith(`${layer.name}/`) && name.endsWith('kernel'),
    );
    if (stored) {
      const dense = denseValues(stored[1]);
      const [rows, k] = [stored[1].shape[0], dense.length / stored[1].shape[0]];
      const sums = new Float64Array(rows);
      dense.forEach((w, i) => {
        sums[Math.floor(i / k)] += Math.abs(w);
      });
      const grown = Math.max(...sums);
      const bias =
        layer.weights
          .find(w => w.originalName.endsWith('bias'))
          ?.read()
          .abs()
          .max()
          .dataSync()[0] ?? 0;
      error = error * grown + 2 * (k + 4) * 2 ** -24 * (grown * largest + bias);
    } else if (layer instanceof BatchNorm) {
      const [gamma, beta, mean, variance] = layer.getWeights().map(w => w.dataSync());
      const scale = gamma.map((g, c) => g / Math.sqrt(variance[c] + layer.epsilon));
      const size = Math.max(
        ...scale.map((s, c) => Math.abs(s) * (largest + Math.abs(mean[c])) + Math.abs(beta[c])),
      );
      // Scale and shift are rounded five times, product and sum twice.
      error = error * Math.max(...scale.map(Math.abs)) + 2 * 7 * 2 ** -24 * size;
    }
  }
  return error;
}

describe('every encoding survives training, export and the packed run', () => {
  beforeAll(async () => {
    await selectEngine('wasm');
  });

  it.each(ways.flatMap(way => ([32, 2] as const).map(bits => [...way, bits] as const)))(
    '%s: %s, %s, %i-bit activations',
    async (encoding, _, quantizer, bits) => {
      const m = await trained(quantizer, bits);
      const read = await readModel(await writeModel(exported(m)));
      const stored = Object.entries(read.weights).filter(([name]) => name.endsWith('kernel'));
      expect(stored.map(([, w]) => w.encoding)).toEqual([encoding, encoding, encoding]);
      for (const [, w] of stored) {
        const dense = [...denseValues(w)];
        expect(new Set(dense).size).toBeGreaterThan(1);
        if (encoding.startsWith('sparse'))
          expect(dense.filter(x => x === 0).length).toBe(Math.floor(0.6 * dense.length));
      }
      const x = normal(4 * 224, 7);
      const theirs = tf.tidy(() => (m.predict(tf.tensor4d(x, [4, 8, 7, 4])) as tf.Tensor).dataSync());
      const outputs = [];
      for (const options of [{ candidates: [reference], env: {} }, { env: { APB_BACKEND: 'wasm' } }]) {
        const session = await createSession(read, options);
        try {
          outputs.push((await session.run(tensor([4, 8, 7, 4], x))).data);
        } finally {
          session.dispose();
        }
      }
      const bound = boundOf(m, read, tf.tensor4d(x, [4, 8, 7, 4]));
      for (const ours of outputs)
        ours.forEach((v, i) => {
          expect(Math.abs(v - theirs[i])).toBeLessThan(bound);
        });
      expect(Math.max(...theirs.map(Math.abs))).toBeGreaterThan(20 * bound);
      expect(compressedLayers(m)).toHaveLength(quantizer ? 3 : 0);
    },
  );
});
