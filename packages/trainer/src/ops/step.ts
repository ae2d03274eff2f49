import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';

/**
 * step(x) = 1 where x > 0, alpha elsewhere, NaN where x is NaN: four cheap ops where tfjs-node takes six dear
 * ones. It is in the gradients of clipping, relu6 and quantizers.
 */
export const step = kernel(
  tf.Step,
  ({ x }: { readonly x: tf.Tensor }, { alpha = 0 }: { readonly alpha?: number }) => {
    const sign = tf.sign(x);
    // (s + |s|) / 2, since the relu of TensorFlow 1.15 turns NaN into 0.
    const positive = tf.mul(tf.add(sign, tf.abs(sign)), 0.5);
    return alpha === 0 ? positive : tf.add(tf.mul(positive, 1 - alpha), alpha);
  },
);
