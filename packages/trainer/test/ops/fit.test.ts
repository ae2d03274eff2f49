import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { random, uniform } from './arrays.js';
import { onEachEngine } from './engines.js';

const { layers } = tfl;

/** A net of other people's layers only; initialisers are seeded, so that every engine starts from the same weights. */
function network(): tfl.Sequential {
  const kernelInitializer = (seed: number) => tfl.initializers.glorotNormal({ seed });
  const model = tfl.sequential({
    layers: [
      layers.conv2d({
        inputShape: [9, 7, 2],
        filters: 6,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer: kernelInitializer(1),
      }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        padding: 'same',
        depthwiseInitializer: kernelInitializer(2),
        activation: 'elu',
      }),
      layers.maxPooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
      layers.conv2d({ filters: 8, kernelSize: 2, dilationRate: 2, kernelInitializer: kernelInitializer(3) }),
      layers.prelu({ sharedAxes: [1, 2] }),
      layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      layers.conv2d({
        filters: 8,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'tanh',
        kernelInitializer: kernelInitializer(4),
      }),
      layers.flatten(),
      layers.dropout({ rate: 0.1, seed: 5 }),
      layers.dense({ units: 3, activation: 'softmax', kernelInitializer: kernelInitializer(6) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.02), loss: 'categoricalCrossentropy' });
  return model;
}

await onEachEngine(engine => {
  // Hundreds of milliseconds a step on the plain JavaScript engine, so it does a few.
  const epochs = engine === 'cpu' ? 2 : 12;

  test('a plain sequential model trains through fit, and its loss falls', async () => {
    const next = random(600);
    const x = tf.tensor(new Float32Array(uniform([24, 9, 7, 2], next).data), [24, 9, 7, 2]);
    const y = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: 24 }, (_, i) => i % 3),
        'int32',
      ),
      3,
    );
    const model = network();
    const { history } = await model.fit(x, y, { epochs, batchSize: 8, shuffle: false, verbose: 0 });
    const losses = history.loss as number[];
    expect(losses.every(Number.isFinite)).toBe(true);
    // 24 random pictures in 3 classes start at log 3 = 1.1 and are learnt by heart.
    expect(losses.at(-1)).toBeLessThan(engine === 'cpu' ? losses[0] : 0.5 * losses[0]);
    tf.dispose([x, y]);
    model.dispose();
  });
});
