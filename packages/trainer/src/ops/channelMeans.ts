import * as tf from '@tensorflow/tfjs-core';
import type { Shape4 } from './convolution.js';

/**
 * Means over all axes but the last: [.., C] -> [C]. Average pooling over whole pictures, then a mean of those: on
 * wasm tens of times as fast as tf.mean, which walks the data one number at a time, and as a product with a row of
 * ones, which first packs the data. Short partial sums also round less.
 */
export function channelMeans(x: tf.Tensor): tf.Tensor1D {
  const images = asImages(x);
  const [n, h, w, c] = images.shape as Shape4;
  const perImage = tf.reshape(tf.avgPool(images, [h, w], 1, 'valid'), [n, c]);
  return n === 1 ? tf.reshape(perImage, [c]) : tf.mean(perImage, 0);
}

/** Sums over all axes but the last: [.., C] -> [C]. */
export function channelSums(x: tf.Tensor): tf.Tensor1D {
  return tf.mul(channelMeans(x), x.size / x.shape[x.rank - 1]);
}

/** [.., C] -> [N, H, W, C] of more than one pixel where there is more than one row. */
export function asImages(x: tf.Tensor): tf.Tensor4D {
  const [c, w = 1, h = 1] = x.shape.toReversed();
  if (x.rank === 4 && h * w > 1) return x as tf.Tensor4D;
  return tf.reshape(x, [1, 1, x.size / c, c]);
}
