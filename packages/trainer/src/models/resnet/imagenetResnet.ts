import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';
import { type Block, type BlockBuilder, biReal, bottleneck, EXPANSION } from './blocks.js';

/** Pictures whose shorter side is below this get the CIFAR stem: the other would leave less than 3 x 3 at the end. */
const SMALL = 96;

/** Channels of the four stages' 3x3 convolutions. */
const STAGES = [64, 128, 256, 512];

export interface ImagenetResnet {
  readonly name: string;
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  readonly block: BlockBuilder;
  /** Channels of each stage's 3x3 convolutions; ImageNet's by default. */
  readonly stages?: readonly number[];
}

/**
 * A ResNet for ImageNet (He et al., arXiv 1512.03385, table 1): input [224, 224, 3] and 1000 classes unless the
 * options say otherwise. Stage by stage the size halves and the channels double, through shortcuts with a 1x1
 * convolution. First convolution, last dense layer and batch norms are full precision, and for 1-bit activations the
 * shortcuts' convolutions as well, which then read floats (arXiv 2306.08960, section 4).
 */
export function imagenetResnet(
  b: Blocks,
  { name, depths, block, stages = STAGES }: ImagenetResnet,
): LayersModel {
  const { inputShape = [224, 224, 3], classes = 1000 } = b.options;
  const image = input({ shape: [...inputShape], name: 'image' });
  let x = stem(b, stages[0], image);
  stages.forEach((filters, s) => {
    for (let i = 1; i <= depths[s]; i++) {
      const part = { name: `stage${s + 1}_block${i}`, filters, strides: s > 0 && i === 1 ? 2 : 1 };
      const outputs = block === bottleneck ? EXPANSION * filters : filters;
      const changes = part.strides > 1 || x.shape[3] !== outputs;
      x = block(b, { ...part, shortcut: changes ? projection(b, part, outputs) : undefined }, x);
    }
  });
  x = layers.globalAveragePooling2d({ name: 'pool' }).apply(x) as SymbolicTensor;
  return model({ inputs: image, outputs: b.classifier('dense1', classes)(x), name });
}

/** Large pictures: a 7x7 convolution with stride 2 and a 3x3 maximum pool with stride 2; small ones: a 3x3 convolution. */
function stem(b: Blocks, filters: number, image: SymbolicTensor): SymbolicTensor {
  const [height, width] = image.shape.slice(1) as number[];
  const { stem = Math.min(height, width) < SMALL ? 'cifar' : 'imagenet' } = b.options;
  const size = stem === 'cifar' ? { kernelSize: 3 } : { kernelSize: 7, strides: 2 };
  let x = b.norm('norm1')(b.floatConv('conv1', { filters, ...size, padding: 'same' })(image));
  if (!biReal(b)) x = b.relu('norm1_relu')(x);
  if (stem === 'cifar') return x;
  const pool = layers.maxPooling2d({ name: 'pool1', poolSize: 3, strides: 2, padding: 'same' });
  return pool.apply(x) as SymbolicTensor;
}

/** A shortcut that changes size and channels by a 1x1 convolution and a batch norm (option B of He et al.). */
function projection(b: Blocks, { name, strides }: Block, filters: number): Block['shortcut'] {
  const args = { filters, kernelSize: 1, strides, padding: 'same' } as const;
  return (x, quantized) => {
    const y =
      b.options.activations === 1
        ? b.floatConv(`${name}_shortcut`, args)(x)
        : b.conv(`${name}_shortcut`, args)(quantized);
    return b.norm(`${name}_shortcut_norm`)(y);
  };
}
