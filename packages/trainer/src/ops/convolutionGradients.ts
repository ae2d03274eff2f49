import * as tf from '@tensorflow/tfjs-core';
import { type ConvAttrs, isDilated } from './convolution.js';

/**
 * Gradients of the two convolutions. tfjs-core's refuse dilation and, for conv2d, have no attribute to carry
 * it; ours hand it to the backprop kernels.
 */
export const convolutionGradients: tf.GradConfig[] = [
  gradient(tf.Conv2D, tf.Conv2DBackpropInput, tf.Conv2DBackpropFilter),
  gradient(
    tf.DepthwiseConv2dNative,
    tf.DepthwiseConv2dNativeBackpropInput,
    tf.DepthwiseConv2dNativeBackpropFilter,
  ),
];

function gradient(kernelName: string, inputKernel: string, filterKernel: string): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x', 'filter'],
    gradFunc: (dy, saved, attrs) => {
      const [x, filter] = saved;
      // Layers without a dilation rate pass null.
      const dilations = attrs.dilations ?? 1;
      const run = (name: string, inputs: tf.NamedTensorMap, shape: tf.NamedAttrMap) =>
        tf.engine().runKernel<tf.Tensor>(name, inputs, { ...attrs, dilations, ...shape });
      return {
        x: () => run(inputKernel, { dy: dy as tf.Tensor, filter }, { inputShape: x.shape }),
        filter: () => run(filterKernel, { x, dy: dy as tf.Tensor }, { filterShape: filter.shape }),
      };
    },
  };
}

/** Whether a backprop kernel of tfjs can do this convolution as well as ours. */
export function isPlain({ dilations = 1, pad }: ConvAttrs): boolean {
  return typeof pad === 'string' && !isDilated({ dilations });
}
