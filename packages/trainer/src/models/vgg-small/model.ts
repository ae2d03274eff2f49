import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';

/** Channels of the six 3x3 convolutions; a 2x2 maximum pool follows every second one. */
const FILTERS = [128, 128, 256, 256, 512, 512];

/**
 * VGG-Small for CIFAR as binary networks are compared on (Zhang et al., LQ-Nets, arXiv 1807.10029): input
 * [32, 32, 3] and 10 classes unless the options say otherwise, 4.7 million weights. First convolution, dense layer and
 * batch norms are full precision. With 1-bit activations no ReLU stands in front of a sign (all signs would be +1).
 */
export function vggSmall(b: Blocks, filters: readonly number[] = FILTERS): LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, activations } = b.options;
  const image = input({ shape: [...inputShape], name: 'image' });
  let x: SymbolicTensor = image;
  for (const [at, channels] of filters.entries()) {
    const i = at + 1;
    const args = { filters: channels, kernelSize: 3, padding: 'same' } as const;
    x =
      i === 1 ? b.floatConv('conv1', args)(x) : b.conv(`conv${i}`, args)(b.quantize(`conv${i}_quantizer`)(x));
    x = b.norm(`norm${i}`)(x);
    if (activations !== 1 || i === filters.length) x = b.relu(`norm${i}_relu`)(x);
    if (i % 2 === 0) x = halved(`pool${i / 2}`, x);
  }
  x = layers.flatten({ name: 'flatten' }).apply(x) as SymbolicTensor;
  return model({ inputs: image, outputs: b.classifier('dense1', classes)(x), name: 'vgg_small' });
}

function halved(name: string, x: SymbolicTensor): SymbolicTensor {
  return layers.maxPooling2d({ name, poolSize: 2, strides: 2 }).apply(x) as SymbolicTensor;
}
