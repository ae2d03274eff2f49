import * as tf from '@tensorflow/tfjs-core';
import { type ConvAttrs, describeConvolution, type Shape4 } from './convolution.js';
import { spreadGradient } from './inputGradient.js';
import { kernel } from './kernel.js';

interface Inputs {
  /** [N, H', W', C * m], output channel c m + j belongs to input channel c */
  readonly dy: tf.Tensor4D;
  /** [kh, kw, C, m] */
  readonly filter: tf.Tensor4D;
}

/**
 * Input gradient of a depthwise convolution: every output channel is convolved back by its own flipped kernel,
 * then the m channels that came from one input channel are added.
 */
export const depthwiseBackpropInput = kernel(
  tf.DepthwiseConv2dNativeBackpropInput,
  ({ dy, filter }: Inputs, attrs: ConvAttrs & { readonly inputShape: Shape4 }) => {
    const conv = describeConvolution(attrs.inputShape, filter.shape, attrs, true);
    const [kh, kw, c, m] = filter.shape;
    const flipped = tf.reshape(tf.reverse(filter, [0, 1]), [kh, kw, c * m, 1]) as tf.Tensor4D;
    const { spread, pads } = spreadGradient(dy, conv);
    const back = tf.depthwiseConv2d(tf.pad(spread, pads), flipped, 1, 'valid', 'NHWC', conv.dilations);
    return m === 1 ? back : tf.reshape(tf.sum(tf.reshape(back, [-1, m]), 1), conv.inShape);
  },
);
