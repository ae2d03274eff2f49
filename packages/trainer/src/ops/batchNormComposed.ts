import * as tf from '@tensorflow/tfjs-core';
import type { BatchNormMethod } from './batchNorm.js';
import { columnSums } from './columnSums.js';

/**
 * Batch norm from elementwise kernels and column sums. With d = x - mean, r = 1 / sqrt(variance + epsilon) and R
 * rows:
 *
 *     y = d * (gamma r) + beta
 *     dbeta = sum dy,  dgamma = r * sum (dy * d)
 *     dx = gamma r * (dy - dbeta / R - d * r^2 * sum (dy * d) / R)
 */
export const composed: BatchNormMethod = {
  forward(x, gamma, beta, epsilon) {
    const mean = columnMeans(x);
    const d = tf.sub(x, mean);
    const variance = columnMeans(tf.square(d));
    const y = tf.add(tf.mul(d, tf.mul(gamma, inverse(variance, epsilon))), beta);
    return [y, mean, variance];
  },

  backward(dy, { x, gamma, mean, variance }, epsilon) {
    const rows = x.size / gamma.size;
    const r = inverse(variance, epsilon);
    const d = tf.sub(x, mean);
    const dbeta = tf.squeeze(columnSums(dy), [0]);
    const products = tf.squeeze(columnSums(tf.mul(dy, d)), [0]);
    const scale = tf.mul(gamma, r);
    const slope = tf.mul(tf.mul(scale, tf.square(r)), tf.div(products, -rows));
    const offset = tf.mul(scale, tf.div(dbeta, -rows));
    const dx = tf.add(tf.add(tf.mul(dy, scale), tf.mul(d, slope)), offset);
    return [dx, tf.mul(products, r), dbeta];
  },
};

/** [.., C] -> [C] */
function columnMeans(x: tf.Tensor): tf.Tensor1D {
  return tf.div(tf.squeeze(columnSums(x), [0]), x.size / x.shape[x.rank - 1]);
}

function inverse(variance: tf.Tensor1D, epsilon: number): tf.Tensor1D {
  return tf.rsqrt(tf.add(variance, epsilon));
}
