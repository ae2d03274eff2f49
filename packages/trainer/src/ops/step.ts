import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';

/**
 * step(x) = 1 where x > 0, alpha elsewhere, NaN where x is NaN: without the filled tensors of tfjs-node's, which take
 * most of its time. It is in the gradients of clipping, relu6 and quantizers. (Shorter forms by sign or relu lose
 * the NaN on TensorFlow 1.15.)
 */
export const step = kernel(
  tf.Step,
  ({ x }: { readonly x: tf.Tensor }, { alpha = 0 }: { readonly alpha?: number }) => {
    const positive = tf.cast(tf.greater(x, 0), x.dtype);
    const step = alpha === 0 ? positive : tf.add(tf.mul(positive, 1 - alpha), alpha);
    return tf.where(tf.isNaN(x), x, step);
  },
);
