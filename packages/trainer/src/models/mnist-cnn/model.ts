import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';

/**
 * Small convolutional net for MNIST, input [28, 28, 1] and 10 classes unless the options say otherwise: 0.28 million
 * weights of which 98.9 % are compressed, 0.9 million multiply-adds a picture. See README.md beside this file.
 *
 * With 1-bit activations no ReLU stands in front of a sign (all signs would be +1).
 */
export function mnistCnn(b: Blocks): LayersModel {
  const activate = (name: string, x: SymbolicTensor) => {
    const rectified = b.options.activations === 1 ? x : b.relu(`${name}_relu`)(x);
    return b.quantize(`${name}_quantizer`)(rectified);
  };
  const { inputShape = [28, 28, 1], classes = 10 } = b.options;
  const image = input({ shape: [...inputShape], name: 'image' });
  let x = b.floatConv('conv1', { filters: 16, kernelSize: 5, strides: 2, padding: 'same' })(image); // 14 x 14 x 16
  x = activate('norm1', b.norm('norm1')(x));
  x = b.conv('conv2', { filters: 32, kernelSize: 3, strides: 2, padding: 'same' })(x); // 7 x 7 x 32
  x = activate('norm2', b.norm('norm2')(x));
  x = b.conv('conv3', { filters: 64, kernelSize: 3, strides: 2, padding: 'same' })(x); // 4 x 4 x 64
  x = activate('norm3', b.norm('norm3')(x));
  x = layers.flatten({ name: 'flatten' }).apply(x) as SymbolicTensor; // 1024
  x = b.dense('dense1', { units: 256 })(x);
  x = b.relu('norm4_relu')(b.norm('norm4')(x));
  return model({ inputs: image, outputs: b.classifier('dense2', classes)(x), name: 'mnist_cnn' });
}
