import { denseValues, InputError, isBinarized, type Node, readModel, writeModel } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ActivationQuantizer,
  ApbConv2D,
  ApbDense,
  BatchNorm,
  buildModel,
  compressedLayers,
  exportModel,
  reestimateBatchNorm,
  ShortcutA,
  selectEngine,
} from '../../src/index.js';
import { normal } from '../quantizers/numbers.js';
import { bothOutputs, exported, plainInput } from './run.js';

let seed = 100;
const weights = () => initializers.randomNormal({ stddev: 0.5, seed: seed++ });
const positive = () => initializers.randomUniform({ minval: 0.5, maxval: 2, seed: seed++ });

const conv = (args: object) =>
  layers.conv2d({
    filters: 5,
    kernelSize: 3,
    kernelInitializer: weights(),
    biasInitializer: weights(),
    ...args,
  });
const apbConv = (args: object) =>
  new ApbConv2D({
    filters: 5,
    kernelSize: 3,
    kernelInitializer: weights(),
    biasInitializer: weights(),
    deltaRule: { rule: 'percentile', percent: 90 },
    ...args,
  });

/** Statistics and gains that are neither 0 nor 1. */
const stats = () => ({
  gammaInitializer: weights(),
  betaInitializer: weights(),
  movingMeanInitializer: weights(),
  movingVarianceInitializer: positive(),
});

/** One model per operator, input [7, 8, 3] unless it says otherwise. */
const single: Record<string, (first: { inputShape: number[] }) => layers.Layer[]> = {
  'conv valid': f => [conv(f)],
  'conv same, stride 2 (asymmetric)': f => [conv({ ...f, padding: 'same', strides: 2 })],
  'conv same, strides 1 and 2, kernel 2 x 4': f => [
    conv({ ...f, padding: 'same', strides: [1, 2], kernelSize: [2, 4] }),
  ],
  'conv dilated': f => [conv({ ...f, padding: 'same', dilationRate: 2 })],
  'conv without bias, relu': f => [conv({ ...f, useBias: false, activation: 'relu' })],
  'conv relu6': f => [conv({ ...f, activation: 'relu6' })],
  'depthwise same, stride 2, multiplier 2': f => [
    layers.depthwiseConv2d({
      ...f,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      depthMultiplier: 2,
      depthwiseInitializer: weights(),
      biasInitializer: weights(),
    }),
  ],
  'zero padding before a valid conv': f => [
    layers.zeroPadding2d({
      ...f,
      padding: [
        [1, 0],
        [2, 3],
      ],
    }),
    conv({ strides: 2 }),
  ],
  'zero padding before a same conv': f => [
    layers.zeroPadding2d({ ...f, padding: 1 }),
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [0, 0],
      ],
    }),
    conv({ strides: 2, padding: 'same' }),
  ],
  'zero padding before an average pool': f => [
    layers.zeroPadding2d({ ...f, padding: 1 }),
    layers.averagePooling2d({ poolSize: 3, strides: 2 }),
  ],
  'apb conv': f => [apbConv({ ...f, padding: 'same', strides: 2 })],
  'apb conv, one scale per channel': f => [apbConv({ ...f, quantizer: { kind: 'apb', perChannel: true } })],
  'binary conv': f => [apbConv({ ...f, quantizer: { kind: 'binary' } })],
  'conv on 2-bit codes': f => [
    new ActivationQuantizer({ ...f, bits: 2 }),
    apbConv({ padding: 'same', strides: 2 }),
  ],
  'conv on signs': f => [
    new ActivationQuantizer({ ...f, bits: 1 }),
    apbConv({ padding: 'same', strides: 2 }),
  ],
  'max pool same, stride 2': f => [layers.maxPooling2d({ ...f, poolSize: 3, strides: 2, padding: 'same' })],
  'max pool valid': f => [layers.maxPooling2d({ ...f, poolSize: [2, 3] })],
  'average pool same, stride 2': f => [
    layers.averagePooling2d({ ...f, poolSize: 3, strides: 2, padding: 'same' }),
  ],
  'global average pool': f => [layers.globalAveragePooling2d({ ...f })],
  'batch norm of ours': f => [new BatchNorm({ ...f })],
  'batch norm of tf.layers': f => [layers.batchNormalization({ ...f, ...stats() })],
  'batch norm without scale and centre': f => [
    layers.batchNormalization({ ...f, ...stats(), scale: false, center: false }),
  ],
  'relu, clipped': f => [layers.reLU({ ...f, maxValue: 1 })],
  relu: f => [layers.reLU(f)],
  'activation layer': f => [layers.activation({ ...f, activation: 'relu' })],
  'prelu per channel': f => [layers.prelu({ ...f, sharedAxes: [1, 2], alphaInitializer: weights() })],
  // tf.layers' default axis is 1, the last of a flat value only.
  softmax: f => [layers.flatten(f), layers.softmax()],
  'softmax over the last axis': f => [layers.softmax({ ...f, axis: -1 })],
  'shortcut A': f => [new ShortcutA({ ...f, filters: 6, strides: 2 })],
  'flatten, dense, softmax': f => [
    layers.flatten(f),
    layers.dense({
      units: 4,
      kernelInitializer: weights(),
      biasInitializer: weights(),
      activation: 'softmax',
    }),
  ],
  'flatten, apb dense': f => [
    layers.flatten(f),
    new ApbDense({ units: 4, kernelInitializer: weights(), biasInitializer: weights() }),
  ],
  'dropout between': f => [layers.dropout({ ...f, rate: 0.5 }), conv({})],
};

describe('exportModel', () => {
  beforeAll(async () => {
    await selectEngine('wasm');
  });

  it.each(Object.keys(single))('exports %s', async name => {
    const m = sequential({ layers: single[name]({ inputShape: [7, 8, 3] }) });
    const { ours, theirs } = await bothOutputs(m, normal(2 * 168, 1, 1.5));
    expect(ours.shape).toEqual(theirs.shape);
    // At most 170 products of numbers below 6, gains below 8: float32 sums in any order differ by less.
    const bound = 2 * 170 * 2 ** -24 * Math.max(1, ...theirs.data.map(Math.abs)) * 8;
    ours.data.forEach((v, i) => {
      expect(Math.abs(v - theirs.data[i])).toBeLessThan(bound);
    });
    expect(new Set(theirs.data.map(v => Math.round(v * 1000))).size).toBeGreaterThan(1);
  });

  it('resolves same padding with stride 2 to four pads, the odd pixel after', () => {
    const m = sequential({
      layers: [conv({ inputShape: [8, 7, 3], padding: 'same', strides: 2, name: 'c' })],
    });
    const [node] = exported(m).graph.nodes;
    expect(node).toEqual({
      name: 'c',
      inputs: ['input'],
      op: 'conv2d',
      weights: 'c/kernel',
      bias: 'c/bias',
      strides: [2, 2],
      dilations: [1, 1],
      pads: [0, 1, 1, 1],
      groups: 1,
    });
  });

  it.each(['apb', 'binary'] as const)(
    'recomposes W_hat of every %s layer bit for bit, output channel first',
    kind => {
      const quantizer = { kind, perChannel: kind === 'binary' } as const;
      const m = buildModel('mnist-cnn', {
        weights: kind,
        activations: 2,
        seed: 5,
        quantizer,
        deltaRule: { rule: 'percentile', percent: 98 },
      });
      const result = exported(m);
      for (const layer of compressedLayers(m)) {
        const q = layer.weightQuantizer;
        const { alpha, delta } = q.scales();
        const stored = result.weights[`${layer.name}/kernel`];
        expect(stored.encoding).toBe(kind);
        const [out, ...rest] = stored.shape;
        const k = rest.reduce((a, b) => a * b);
        const dense = denseValues(stored);
        q.latent().forEach((w, i) => {
          // tf.layers: [..., out]; core: [out, ...].
          const [row, column] = [i % out, Math.floor(i / out)];
          const a = alpha[row % alpha.length];
          const expected = isBinarized(w, a, delta) ? (w < 0 ? -a : a) : w;
          if (!Object.is(dense[row * k + column], expected))
            expect(dense[row * k + column], `${layer.name} ${i}`).toBe(expected);
        });
        // And it is what the layer multiplies with.
        const wHat = tf.tidy(() => q.quantized(false).dataSync());
        const transposed = wHat.map((_, i) => dense[(i % out) * k + Math.floor(i / out)]);
        expect(Buffer.compare(Buffer.from(wHat.buffer), Buffer.from(transposed.buffer))).toBe(0);
      }
    },
  );

  it.each([32, 2, 1] as const)(
    'gives resnet20 with %i-bit activations the outputs of its tf.layers model',
    async activations => {
      const m = buildModel('resnet20', { weights: 'apb', activations, seed: 3 });
      const x = normal(4 * 3072, 4);
      const pictures = tf.tensor4d(x, [4, 32, 32, 3]);
      await reestimateBatchNorm(m, [pictures]);
      pictures.dispose();
      const { ours, theirs } = await bothOutputs(m, x.subarray(0, 3072));
      const largest = Math.max(...theirs.data.map(Math.abs));
      // A value within rounding of a threshold may take the other code; a wrong graph is off by far more.
      const bound = (activations === 32 ? 1e-4 : 0.2) * largest;
      ours.data.forEach((v, i) => {
        expect(Math.abs(v - theirs.data[i])).toBeLessThan(bound);
      });
    },
  );

  it('keeps a quantizer as the layer computes it', () => {
    const m = sequential({
      layers: [new ActivationQuantizer({ bits: 2, hi: 3, name: 'q', inputShape: [2, 2, 1] })],
    });
    expect(exported(m).graph.nodes).toEqual([
      {
        name: 'q',
        inputs: ['input'],
        op: 'quantize',
        quantizer: { kind: 'code', bits: 2, lo: 0, hi: 3, inv: 1, base: 0, step: 1 },
      },
    ]);
  });

  it('writes shared layers, nested models and sums of three, once each', async () => {
    const shared = conv({ filters: 3, padding: 'same', name: 'shared' });
    const nested = sequential({
      name: 'nested',
      layers: [conv({ filters: 3, padding: 'same', name: 'shared', inputShape: [5, 5, 3] })],
    });
    const image = input({ shape: [5, 5, 3], name: 'input' });
    const a = shared.apply(image) as SymbolicTensor;
    const b = shared.apply(a) as SymbolicTensor;
    const c = nested.apply(b) as SymbolicTensor;
    const sum = layers.add({ name: 'sum' }).apply([a, b, c]) as SymbolicTensor;
    const m = model({ inputs: image, outputs: sum });
    const { ours, theirs, model: result } = await bothOutputs(m, normal(75, 6));
    expect(result.graph.nodes.map(n => n.name)).toEqual([
      'shared',
      'shared_2',
      'shared_3',
      'sum/sum1',
      'sum',
    ]);
    expect(Object.keys(result.weights).sort()).toEqual([
      'shared/bias',
      'shared/kernel',
      'shared_2/bias',
      'shared_2/kernel',
    ]);
    const largest = Math.max(...theirs.data.map(Math.abs));
    ours.data.forEach((v, i) => {
      expect(Math.abs(v - theirs.data[i])).toBeLessThan(1e-5 * largest);
    });
  });

  it('survives a model file unchanged', async () => {
    const result = exportModel(buildModel('mnist-cnn', { weights: 'apb', activations: 1, seed: 1 }), {
      input: plainInput([28, 28, 1]),
      classes: [...'0123456789'],
      provenance: { seed: '1' },
      valueType: 'float16',
    });
    expect(await readModel(await writeModel(result))).toEqual(result);
  });

  it.each<[string, () => layers.Layer[], string]>([
    [
      'a class without counterpart',
      () => [layers.upSampling2d({ name: 'up', inputShape: [4, 4, 1] })],
      'layer up: its class UpSampling2D cannot be exported',
    ],
    [
      'an activation without operator',
      () => [conv({ name: 'c', activation: 'tanh', inputShape: [4, 4, 1] })],
      'layer c: activation tanh cannot be exported',
    ],
    [
      'softmax over rows',
      () => [layers.softmax({ name: 's', inputShape: [4, 4, 2] })],
      'layer s: softmax over axis 1',
    ],
    [
      'PReLU per pixel',
      () => [layers.prelu({ name: 'p', inputShape: [4, 4, 2] })],
      'layer p: PReLU needs one slope per channel',
    ],
    [
      'batch norm over rows',
      () => [layers.batchNormalization({ name: 'b', axis: 1, inputShape: [4, 4, 2] })],
      'layer b: batch norm over axis 1',
    ],
    [
      'dense on pictures',
      () => [layers.dense({ name: 'd', units: 2, inputShape: [4, 4, 2] })],
      'layer d: a dense layer takes a flat input',
    ],
    [
      'zero padding before a max pool',
      () => [
        layers.zeroPadding2d({ inputShape: [4, 4, 2] }),
        layers.maxPooling2d({ name: 'm', poolSize: 2 }),
      ],
      'layer m (MaxPooling2D): zero padding can only stand',
    ],
    [
      'zero padding at the end',
      () => [layers.zeroPadding2d({ name: 'z', inputShape: [4, 4, 2] })],
      'layer z (ZeroPadding2D): zero padding can only stand',
    ],
    ['an open input size', () => [conv({ name: 'c', inputShape: [null, null, 3] })], 'is not fixed'],
  ])('refuses %s', (_, make, message) => {
    const m: LayersModel = sequential({ layers: make() });
    expect(() => exported(m)).toThrow(InputError);
    expect(() => exported(m)).toThrow(message);
  });

  it('refuses weights that are not finite, naming the layer', () => {
    const broken = (layer: layers.Layer) => {
      const m = sequential({ layers: [layer] });
      const kernel = layer.weights[0];
      kernel.write(tf.fill(kernel.shape as number[], Number.NaN));
      return m;
    };
    expect(() => exported(broken(conv({ name: 'c', inputShape: [4, 4, 1] })))).toThrow(
      /layer c: kernel holds NaN/,
    );
    expect(() => exported(broken(apbConv({ name: 'a', inputShape: [4, 4, 1] })))).toThrow(/layer a: .*NaN/);
    const alpha = apbConv({ name: 's', inputShape: [4, 4, 1] });
    const m = sequential({ layers: [alpha] });
    alpha.weights.find(w => w.originalName.endsWith('alpha'))!.write(tf.scalar(Number.NaN));
    expect(() => exported(m)).toThrow(/layer s: alpha holds NaN/);
  });

  it('refuses an input description or class names that do not fit', () => {
    const m = sequential({ layers: [layers.dense({ units: 3, inputShape: [4] })] });
    const options = { input: plainInput([4]), classes: ['a', 'b'], provenance: {} };
    expect(() => exportModel(m, options)).toThrow('the model has 3 outputs, but 2 class names');
    expect(() => exportModel(m, { ...options, input: plainInput([5]) })).toThrow(
      'the model takes [4], its input description says [5]',
    );
  });

  it('writes nodes in an order in which every input comes first', () => {
    const { nodes, output } = exported(
      buildModel('resnet20', { weights: 'apb', activations: 1, seed: 1 }),
    ).graph;
    const seen = new Set(['input']);
    for (const node of nodes as readonly Node[]) {
      for (const name of node.inputs) expect(seen).toContain(name);
      seen.add(node.name);
    }
    expect(output).toBe('dense1');
    expect(nodes.filter(n => n.op === 'quantize')).toHaveLength(18);
  });
});
