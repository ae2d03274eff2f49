import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';

/**
 * step(x) = 1 where x > 0, alpha elsewhere, NaN where x is NaN: two ops where tfjs-node takes six. It is in the
 * gradients of clipping, relu6 and quantizers.
 */
export const step = kernel(
  tf.Step,
  ({ x }: { readonly x: tf.Tensor }, { alpha = 0 }: { readonly alpha?: number }) => {
    const positive = tf.sign(tf.relu(x));
    return alpha === 0 ? positive : tf.add(tf.mul(positive, 1 - alpha), alpha);
  },
);
