import * as tf from '@tensorflow/tfjs-core';

/**
 * Sums over all axes but the last: [.., C] -> [1, C]. A product with a row of ones: on wasm several times as
 * fast as tf.sum over the same axes, which walks the data one number at a time.
 */
export function columnSums(x: tf.Tensor): tf.Tensor2D {
  const c = x.shape[x.rank - 1];
  const rows = x.size / c;
  return tf.matMul(onesRow(rows), tf.reshape(x, [rows, c]) as tf.Tensor2D);
}

function onesRow(n: number): tf.Tensor2D {
  return tf.ones([1, n]);
}
