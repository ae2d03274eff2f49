import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import type { LabelledBatch } from '../../src/index.js';
import { normal } from '../quantizers/numbers.js';

/** Pictures are [SIDE, SIDE, 3], in CLASSES classes. */
export const SIDE = 8;
export const CLASSES = 4;

/**
 * A small network in the style of MobileNet v1 and v2 that knows nothing of us: depthwise and pointwise convolutions
 * with tf.layers' batch norm, zero padding before a stride, an inverted residual with a shortcut.
 */
export function mobileNet(): LayersModel {
  let seed = 0;
  const kernelInitializer = () => initializers.heNormal({ seed: ++seed });
  const apply = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]) =>
    layer.apply(x) as SymbolicTensor;
  const norm = (x: SymbolicTensor, name: string) =>
    apply(layers.batchNormalization({ name: `${name}_bn` }), x);
  const relu = (x: SymbolicTensor) => apply(layers.reLU({ maxValue: 6 }), x);
  const pointwise = (x: SymbolicTensor, name: string, filters: number) =>
    norm(
      apply(
        layers.conv2d({
          name,
          filters,
          kernelSize: 1,
          useBias: false,
          kernelInitializer: kernelInitializer(),
        }),
        x,
      ),
      name,
    );
  const depthwise = (x: SymbolicTensor, name: string, strides: number, padding: 'same' | 'valid') =>
    relu(
      norm(
        apply(
          layers.depthwiseConv2d({
            ...{ name, kernelSize: 3, strides, padding, useBias: false },
            depthwiseInitializer: kernelInitializer(),
          }),
          x,
        ),
        name,
      ),
    );
  const picture = input({ shape: [SIDE, SIDE, 3], name: 'picture' });
  let x = apply(
    layers.conv2d({
      ...{ name: 'stem', filters: 8, kernelSize: 3, padding: 'same', useBias: false },
      kernelInitializer: kernelInitializer(),
    }),
    picture,
  );
  x = relu(norm(x, 'stem'));
  x = relu(pointwise(depthwise(x, 'dw1', 1, 'same'), 'pw1', 12));
  x = depthwise(
    apply(
      layers.zeroPadding2d({
        padding: [
          [0, 1],
          [0, 1],
        ],
      }),
      x,
    ),
    'dw2',
    2,
    'valid',
  );
  const trunk = pointwise(x, 'pw2', 12);
  x = relu(pointwise(trunk, 'expand', 24));
  x = pointwise(depthwise(x, 'dw3', 1, 'same'), 'project', 12);
  x = apply(layers.add(), [trunk, x]);
  x = apply(layers.globalAveragePooling2d({}), x);
  x = apply(layers.dropout({ rate: 0.05, seed: 9 }), x);
  x = apply(
    layers.dense({
      name: 'top',
      units: CLASSES,
      activation: 'softmax',
      kernelInitializer: kernelInitializer(),
    }),
    x,
  );
  return model({ inputs: picture, outputs: x, name: 'small_mobilenet' });
}

/** Noise with an offset that tells the class. Labels are indices or one-hot rows. The caller disposes. */
export function batches(
  count: number,
  size: number,
  labels: 'indices' | 'one-hot' = 'one-hot',
): LabelledBatch[] {
  return Array.from({ length: count }, (_, b) => {
    const values = normal(size * SIDE * SIDE * 3, 100 + b).map(
      (v, i) => v / 2 + (Math.floor(i / (SIDE * SIDE * 3)) % CLASSES) - 1.5,
    );
    const classes = tf.tensor1d(
      Int32Array.from({ length: size }, (_, i) => i % CLASSES),
      'int32',
    );
    const xs = tf.tensor4d(values, [size, SIDE, SIDE, 3]);
    return { xs, ys: labels === 'indices' ? classes : tf.cast(tf.oneHot(classes, CLASSES), 'float32') };
  });
}
