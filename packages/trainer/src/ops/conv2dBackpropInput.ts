import * as tf from '@tensorflow/tfjs-core';
import { type ConvAttrs, describeConvolution, type Shape4 } from './convolution.js';
import { spreadGradient } from './inputGradient.js';
import { kernel } from './kernel.js';

interface Inputs {
  /** [N, H', W', Co] */
  readonly dy: tf.Tensor4D;
  /** [kh, kw, C, Co] */
  readonly filter: tf.Tensor4D;
}

/**
 * Input gradient of conv2d as a forward convolution:
 *
 *     dx = conv2d(spread dy, flipped w with its channel axes exchanged, 'valid', stride 1, dilation d)
 */
export const conv2dBackpropInput = kernel(
  tf.Conv2DBackpropInput,
  ({ dy, filter }: Inputs, attrs: ConvAttrs & { readonly inputShape: Shape4 }) => {
    const conv = describeConvolution(attrs.inputShape, filter.shape, attrs);
    const flipped = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as tf.Tensor4D;
    const { spread, pads } = spreadGradient(dy, conv);
    return tf.conv2d(spread, flipped, 1, pads, 'NHWC', conv.dilations);
  },
);
