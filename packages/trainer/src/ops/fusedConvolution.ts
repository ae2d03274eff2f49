import * as tf from '@tensorflow/tfjs-core';
import { isDilated } from './convolution.js';

type FusedConv2d = typeof tf.fused.conv2d;

const own: FusedConv2d = tf.fused.conv2d;

/**
 * Lets tf.layers.conv2d with dilation train. tfjs-core's fused convolution (linear activation, as every layer
 * calls it) throws in its gradient when dilated, out of reach of the registries; while a gradient is being
 * recorded such a call is made of the plain ops instead.
 */
export function trainDilatedFusedConvolutions(): void {
  (tf.fused as { conv2d: FusedConv2d }).conv2d = options => {
    const { x, filter, strides, pad, dataFormat, dilations = 1, dimRoundingMode, bias, activation } = options;
    const dilated = isDilated({ dilations });
    const linear = activation === undefined || activation === null || activation === 'linear';
    if (!dilated || !linear || tf.engine().state.gradientDepth === 0) return own(options);
    const y = tf.conv2d(x, filter, strides, pad, dataFormat, dilations, dimRoundingMode);
    return bias === undefined || bias === null ? y : tf.add(y, bias);
  };
}
