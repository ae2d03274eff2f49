import * as tf from '@tensorflow/tfjs-core';
import type { BatchNormMethod } from './batchNorm.js';
import { channelAffine } from './channelAffine.js';
import { channelMeans } from './channelMeans.js';

/**
 * Batch norm from kernels every engine has. With d = x - mean and r = 1 / sqrt(variance + epsilon):
 *
 *     y = d * (gamma r) + beta
 *     dbeta = sum dy,  dgamma = r * sum (dy * d)
 *     dx = dy * (gamma r) - d * (gamma r^3 mean(dy * d)) - gamma r mean(dy)
 */
export const composed: BatchNormMethod = {
  forward(x, gamma, beta, epsilon) {
    const mean = channelMeans(x);
    const d = centred(x, mean);
    const variance = channelMeans(tf.square(d));
    const y = channelAffine(d, tf.mul(gamma, inverse(variance, epsilon)), beta);
    return [y, mean, variance];
  },

  backward(dy, { x, gamma, mean, variance }, epsilon) {
    const rows = x.size / gamma.size;
    const r = inverse(variance, epsilon);
    const scale = tf.mul(gamma, r) as tf.Tensor1D;
    const d = centred(x, mean);
    const meanOfDy = channelMeans(dy);
    const meanOfProduct = channelMeans(tf.mul(dy, d));
    const slope = tf.neg(tf.mul(tf.mul(scale, tf.square(r)), meanOfProduct)) as tf.Tensor1D;
    const offset = tf.neg(tf.mul(scale, meanOfDy)) as tf.Tensor1D;
    const dx = tf.add(channelAffine(dy, scale, offset), channelAffine(d, slope));
    return [dx, tf.mul(tf.mul(meanOfProduct, r), rows), tf.mul(meanOfDy, rows)];
  },
};

/** x - mean, in the shape of x. */
function centred(x: tf.Tensor, mean: tf.Tensor1D): tf.Tensor {
  return channelAffine(x, tf.onesLike(mean), tf.neg(mean));
}

function inverse(variance: tf.Tensor1D, epsilon: number): tf.Tensor1D {
  return tf.rsqrt(tf.add(variance, epsilon));
}
