import * as tf from '@tensorflow/tfjs-core';
import type { ConvAttrs, Pair } from './convolution.js';
import { insertZeros } from './inputGradient.js';
import { kernel } from './kernel.js';

interface Inputs {
  /** [N, H, W, C] */
  readonly x: tf.Tensor4D;
  /** [kh, kw, C, m] */
  readonly filter: tf.Tensor4D;
}

/**
 * A dilated depthwise convolution as a plain one whose kernel has the zeros in it. TensorFlow 1.15 takes the
 * dilation and does not look at it.
 */
export const dilatedDepthwise = kernel(
  tf.DepthwiseConv2dNative,
  ({ x, filter }: Inputs, attrs: ConvAttrs) => {
    const [kh, kw, c, m] = filter.shape;
    const [dh, dw] = [attrs.dilations ?? 1, attrs.dilations ?? 1].flat() as Pair;
    const spread = insertZeros(tf.reshape(filter, [1, kh, kw, c * m]), [dh, dw]);
    const [height, width] = [dh * (kh - 1) + 1, dw * (kw - 1) + 1];
    const wide = tf.reshape(tf.slice(spread, 0, [1, height, width, c * m]), [
      height,
      width,
      c,
      m,
    ]) as tf.Tensor4D;
    return tf.depthwiseConv2d(x, wide, attrs.strides, attrs.pad, 'NHWC', 1, attrs.dimRoundingMode);
  },
);
