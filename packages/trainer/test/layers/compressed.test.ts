import { isBinarized } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  loadLayersModel,
  model,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ActivationQuantizer,
  ApbConv2D,
  ApbDense,
  BatchNorm,
  compressedLayers,
  ShortcutA,
} from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from '../quantizers/numbers.js';

const he = (seed: number) => initializers.heNormal({ seed });

/** Every layer of ours in one functional model, input [8, 8, 3], four classes. */
function everything(): LayersModel {
  const image = input({ shape: [8, 8, 3] });
  let x = layers
    .conv2d({ filters: 8, kernelSize: 3, padding: 'same', kernelInitializer: he(1) })
    .apply(image);
  x = new BatchNorm().apply(x);
  x = layers.reLU().apply(x);
  const quantized = new ActivationQuantizer({ bits: 2, name: 'two' }).apply(x as SymbolicTensor);
  const y = new ApbConv2D({
    filters: 16,
    kernelSize: [3, 3],
    strides: 2,
    padding: 'same',
    kernelInitializer: he(2),
  }).apply(quantized as SymbolicTensor);
  const shortcut = new ShortcutA({ filters: 16, strides: 2 }).apply(x as SymbolicTensor);
  x = layers.add().apply([y, shortcut] as SymbolicTensor[]);
  // Both summands are positive on average: without the norm every sign would be +1.
  x = new BatchNorm().apply(x);
  x = new ActivationQuantizer({ bits: 1, name: 'one', sign: { backward: 'identity' } }).apply(
    x as SymbolicTensor,
  );
  const quantizer = { kind: 'apb', perChannel: true, reduction: 'lsq' } as const;
  x = new ApbConv2D({
    filters: 16,
    kernelSize: 3,
    dilationRate: 2,
    padding: 'same',
    quantizer,
    kernelInitializer: he(3),
  }).apply(x as SymbolicTensor);
  x = layers.flatten().apply(x);
  x = new ApbDense({ units: 8, quantizer: { kind: 'binary' }, kernelInitializer: he(4) }).apply(
    x as SymbolicTensor,
  );
  x = layers.dense({ units: 4, activation: 'softmax', kernelInitializer: he(5) }).apply(x);
  return model({ inputs: image, outputs: x as SymbolicTensor });
}

/** 32 pictures of noise with a class-dependent offset. */
function pictures() {
  const values = normal(32 * 192, 7);
  const classes = Int32Array.from({ length: 32 }, (_, i) => i % 4);
  const x = tf.tensor4d(
    values.map((v, i) => v + (Math.floor(i / 192) % 4) - 1.5),
    [32, 8, 8, 3],
  );
  return { x, y: tf.cast(tf.oneHot(tf.tensor1d(classes, 'int32'), 4), 'float32') };
}

async function reload(original: LayersModel): Promise<LayersModel> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await original.save({
    save: async a => {
      artifacts = a;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    },
  });
  // Through JSON text, as a file would be.
  const stored = { ...artifacts!, modelTopology: JSON.parse(JSON.stringify(artifacts!.modelTopology)) };
  return loadLayersModel({ load: async () => stored });
}

const ours = (m: LayersModel) =>
  m.layers.filter(l =>
    [ActivationQuantizer, ApbConv2D, ApbDense, BatchNorm, ShortcutA].some(c => l instanceof c),
  );

const predict = (m: LayersModel, x: tf.Tensor) => tf.tidy(() => (m.predict(x) as tf.Tensor).dataSync());

afterEach(() => {
  vi.restoreAllMocks();
});

await onEachEngine(() => {
  const epochs = 8;

  describe('compressed layers', () => {
    it('lower the loss in fit, in a functional model with every layer of ours', async () => {
      const m = everything();
      m.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
      const { x, y } = pictures();
      const before = m.weights.map(w => [...w.read().dataSync()]);
      const { history } = await m.fit(x, y, { epochs, batchSize: 16, shuffle: false });
      const losses = history.loss as number[];
      expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]);
      m.weights.forEach((w, i) => {
        // The interval's lower end is not learned; a mean of zeros over signs may stay.
        if (!w.originalName.endsWith('/lo'))
          expect([...w.read().dataSync()], w.originalName).not.toEqual(before[i]);
      });
    });

    it('lower the loss in fit in a sequential model', async () => {
      const m = sequential();
      m.add(
        new ApbConv2D({
          filters: 8,
          kernelSize: 3,
          strides: 2,
          inputShape: [8, 8, 3],
          activation: 'relu',
          kernelInitializer: he(1),
        }),
      );
      m.add(layers.flatten());
      m.add(new ApbDense({ units: 4, activation: 'softmax', kernelInitializer: he(2) }));
      m.compile({ optimizer: tf.train.sgd(0.05), loss: 'categoricalCrossentropy' });
      const { x, y } = pictures();
      const losses = (await m.fit(x, y, { epochs, batchSize: 16, shuffle: false })).history.loss as number[];
      expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]);
    });

    it('give identical outputs after save and load', async () => {
      const m = everything();
      const { x, y } = pictures();
      m.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
      await m.fit(x, y, { epochs: 1, batchSize: 16, shuffle: false });
      const loaded = await reload(m);
      expect(predict(loaded, x)).toEqual(predict(m, x));
      const configs = (of: LayersModel) => ours(of).map(layer => layer.getConfig());
      expect(configs(loaded)).toEqual(configs(m));
      expect(loaded.weights.map(w => w.shape)).toEqual(m.weights.map(w => w.shape));
    });

    it('leak no tensors, in training or in inference', () => {
      const m = everything();
      const { x, y } = pictures();
      const optimizer = tf.train.sgd(0.01);
      const train = () =>
        tf.tidy(() => {
          const loss = () =>
            tf.losses.softmaxCrossEntropy(y, m.apply(x, { training: true }) as tf.Tensor) as tf.Scalar;
          const { grads } = tf.variableGrads(loss);
          optimizer.applyGradients(grads);
        });
      train();
      const before = tf.memory().numTensors;
      train();
      predict(m, x);
      expect(tf.memory().numTensors).toBe(before);
      m.dispose();
    });

    it.each([
      ['conv', new ApbConv2D({ filters: 8, kernelSize: 3, inputShape: [8, 8, 3], kernelInitializer: he(3) })],
      ['dense', new ApbDense({ units: 8, inputShape: [192], kernelInitializer: he(3) })],
    ])('start alpha at mean |w| and delta at 3 standard deviations of the kernel (%s)', (_, layer) => {
      sequential({ layers: [layer] });
      const w = [...layer.weightQuantizer.latent()];
      const mean = w.reduce((a, b) => a + b) / w.length;
      const { alpha, delta } = layer.weightQuantizer.scales();
      expect(alpha[0]).toBe(Math.fround(w.reduce((a, b) => a + Math.abs(b), 0) / w.length));
      expect(delta).toBe(Math.fround(3 * Math.sqrt(w.reduce((a, b) => a + (b - mean) ** 2, 0) / w.length)));
    });

    it('compute the convolution of W_hat, with bias and activation', () => {
      const args = {
        filters: 8,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'relu',
        inputShape: [9, 8, 3],
      } as const;
      const compressed = new ApbConv2D({
        ...args,
        inputShape: [9, 8, 3],
        strides: 2,
        biasInitializer: 'ones',
        kernelInitializer: he(3),
        deltaRule: { rule: 'percentile', percent: 90 },
      });
      const plain = layers.conv2d({ ...args, inputShape: [9, 8, 3], strides: 2 });
      const [a, b] = [sequential({ layers: [compressed] }), sequential({ layers: [plain] })];
      const { alpha, delta } = compressed.weightQuantizer.scales();
      const wHat = compressed.weightQuantizer
        .latent()
        .map(w => (isBinarized(w, alpha[0], delta) ? (w < 0 ? -1 : 1) * alpha[0] : w));
      plain.setWeights([tf.tensor4d(wHat, [3, 3, 3, 8]), tf.ones([8])]);
      const x = tf.tensor4d(normal(2 * 216, 9), [2, 9, 8, 3]);
      const [ya, yb] = [predict(a, x), predict(b, x)];
      // 27 products and a bias: at most 29 roundings of partial sums below 27 * 4 * max |w_hat| < 60.
      const errors = ya.map((v, i) => Math.abs(v - yb[i]));
      expect(Math.max(...errors)).toBeLessThan(29 * 2 ** -24 * 60);
      expect(Math.max(...ya)).toBeGreaterThan(1);
    });

    it('apply dense to the last axis of any rank, like tf.layers', () => {
      const m = sequential({ layers: [new ApbDense({ units: 2, inputShape: [5, 3] })] });
      expect((m.predict(tf.zeros([4, 5, 3])) as tf.Tensor).shape).toEqual([4, 5, 2]);
      expect(m.outputShape).toEqual([null, 5, 2]);
    });

    it('bring alpha and delta back into bounds at the next call', () => {
      const m = sequential({
        layers: [new ApbDense({ units: 2, inputShape: [3], kernelInitializer: he(1) })],
      });
      const [layer] = compressedLayers(m);
      const alpha = layer.weights.find(w => w.originalName.endsWith('alpha'))!;
      alpha.write(tf.scalar(-1));
      predict(m, tf.zeros([1, 3]));
      expect(alpha.read().dataSync()[0]).toBe(Math.fround(1e-6));
    });

    it('warn once when more than 20 % of a layer turns full precision', () => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      const deltaRule = { rule: 'percentile', percent: 50 } as const;
      const quantizer = { kind: 'apb', deltaAboveAlpha: false } as const;
      const m = sequential({
        layers: [new ApbDense({ name: 'wide', units: 64, inputShape: [64], quantizer, deltaRule })],
      });
      const train = () => tf.tidy(() => void m.apply(tf.zeros([1, 64]), { training: true }));
      for (let i = 0; i < 201; i++) train();
      const ours = warn.mock.calls.filter(([text]) => String(text).startsWith('apb:'));
      expect(ours).toHaveLength(1);
      expect(ours[0][0]).toMatch(/layer wide keeps 50\.0 % .* full precision/);
    });

    it('do not warn at 10 %, nor for plain binary layers', () => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      const deltaRule = { rule: 'percentile', percent: 90 } as const;
      const m = sequential({
        layers: [
          new ApbDense({
            units: 64,
            inputShape: [64],
            deltaRule,
            quantizer: { kind: 'apb', deltaAboveAlpha: false },
          }),
          new ApbDense({ units: 8, quantizer: { kind: 'binary' } }),
        ],
      });
      tf.tidy(() => void m.apply(tf.zeros([1, 64]), { training: true }));
      expect(warn.mock.calls.filter(([text]) => String(text).startsWith('apb:'))).toEqual([]);
    });
  });
});

describe('ApbConv2D', () => {
  it('refuses channels-first data', () => {
    expect(
      () => new ApbConv2D({ filters: 1, kernelSize: 1, dataFormat: 'channelsFirst', name: 'c' }),
    ).toThrow('layer c: only dataFormat');
  });

  it('leaves the automatic names of tf.layers alone', () => {
    expect(layers.conv2d({ filters: 1, kernelSize: 1 }).name).toMatch(/^conv2d_Conv2D\d+$/);
    expect(new ApbConv2D({ filters: 1, kernelSize: 1 }).name).toMatch(/^apb_conv2d_ApbConv2D\d+$/);
  });
});
