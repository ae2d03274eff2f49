import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, test } from 'vitest';
import { probeEngines, selectEngine } from '../../src/index.js';
import { random, sizeOf, uniform } from './arrays.js';

// Layers whose gradients are made of many kernels: each engine against the plain JavaScript one.
const { layers } = tfl;
const image = [5, 6, 4];

const cases: Record<string, { input: number[]; make: () => tfl.layers.Layer; indices?: boolean }> = {
  'batch normalisation': { input: image, make: () => layers.batchNormalization() },
  'layer normalisation': { input: image, make: () => layers.layerNormalization() },
  'separable convolution': {
    input: image,
    make: () => layers.separableConv2d({ filters: 5, kernelSize: 3, padding: 'same' }),
  },
  'transposed convolution': {
    input: image,
    make: () => layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
  },
  '1-D convolution': { input: [8, 3], make: () => layers.conv1d({ filters: 4, kernelSize: 3, strides: 2 }) },
  '3-D convolution': { input: [4, 5, 3, 2], make: () => layers.conv3d({ filters: 3, kernelSize: 2 }) },
  'global average pooling': { input: image, make: () => layers.globalAveragePooling2d({}) },
  'global max-pooling': { input: image, make: () => layers.globalMaxPooling2d({}) },
  'zero padding': {
    input: image,
    make: () =>
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
  },
  cropping: {
    input: image,
    make: () =>
      layers.cropping2D({
        cropping: [
          [1, 0],
          [2, 1],
        ],
      }),
  },
  softmax: { input: [7], make: () => layers.dense({ units: 3, activation: 'softmax' }) },
  swish: { input: [7], make: () => layers.dense({ units: 3, activation: 'swish' }) },
  LSTM: { input: [4, 3], make: () => layers.lstm({ units: 3 }) },
  embedding: { input: [4], make: () => layers.embedding({ inputDim: 5, outputDim: 3 }), indices: true },
};

interface Run {
  readonly values: Float32Array[];
  readonly names: string[];
}

/** The layer's output and all gradients of sum(y * dy), for weights, x and dy drawn from one seed. */
async function run(
  engine: string,
  { input, make, indices }: (typeof cases)[string],
  seed: number,
): Promise<Run> {
  await selectEngine(engine);
  const next = random(seed);
  const draw = (shape: number[]) => tf.tensor(new Float32Array(uniform(shape, next).data), shape);
  const layer = make();
  const shape = [3, ...input];
  const x = indices
    ? tf.tensor(
        Array.from({ length: sizeOf(shape) }, () => Math.floor(5 * next())),
        shape,
        'int32',
      )
    : draw(shape);
  const symbol = tfl.input({ shape: input });
  const model = tfl.model({ inputs: symbol, outputs: layer.apply(symbol) as tfl.SymbolicTensor });
  model.setWeights(model.getWeights().map(w => draw(w.shape)));
  const forward = (t: tf.Tensor) => model.apply(t, { training: true }) as tf.Tensor;
  const dy = draw(forward(x).shape);
  const loss = () => tf.sum(tf.mul(forward(x), dy)) as tf.Scalar;
  const weights = layer.trainableWeights.map(w => w.read() as tf.Variable);
  const { grads } = weights.length ? tf.variableGrads(loss, weights) : { grads: {} };
  const tensors = [forward(x), ...weights.map(w => grads[w.name])];
  if (!indices) tensors.push(tf.grad(t => tf.sum(tf.mul(forward(t), dy)))(x));
  return {
    values: tensors.map(t => t.dataSync() as Float32Array),
    names: ['output', ...layer.trainableWeights.map(w => w.originalName), 'input'],
  };
}

for (const { name: engine, usable, reason } of await probeEngines()) {
  if (engine === 'cpu') continue;
  describe(`${engine} agrees with cpu`, () => {
    beforeEach(context => {
      if (!usable) context.skip(`the ${engine} engine: ${reason}`);
    });
    for (const [index, [name, layer]] of Object.entries(cases).entries()) {
      const seed = 700 + index;
      test(`${name} (seed ${seed})`, async () => {
        const expected = await run('cpu', layer, seed);
        const actual = await run(engine, layer, seed);
        for (const [i, values] of expected.values.entries()) {
          // Both are float32 with sums of up to 120 terms below 4: twice 120^2 u against the largest element.
          const scale = Math.max(1, ...values.map(Math.abs));
          const error = Math.max(...values.map((v, j) => Math.abs(v - actual.values[i][j])));
          expect(error / scale, expected.names[i]).toBeLessThan(2 * 120 ** 2 * 2 ** -24);
        }
      });
    }
  });
}
