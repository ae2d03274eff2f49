import * as tf from '@tensorflow/tfjs-core';
import { asImages } from './channelMeans.js';

/**
 * x * scale + offset with one scale and offset per channel (last axis), in one pass: a depthwise convolution with a
 * 1 x 1 kernel. On wasm four times as fast as a product and a sum that broadcast over a short last axis.
 * @param scale [C]  @param offset [C], default 0
 */
export function channelAffine(x: tf.Tensor, scale: tf.Tensor1D, offset?: tf.Tensor1D): tf.Tensor {
  const filter = tf.reshape(scale, [1, 1, scale.size, 1]) as tf.Tensor4D;
  const images = asImages(x);
  const y = offset
    ? tf.fused.depthwiseConv2d({ x: images, filter, strides: 1, pad: 'valid', bias: offset })
    : tf.depthwiseConv2d(images, filter, 1, 'valid');
  return tf.reshape(y, x.shape);
}
