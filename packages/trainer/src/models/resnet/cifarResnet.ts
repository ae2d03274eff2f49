import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { ShortcutA } from '../../layers/shortcutA.js';
import type { Blocks } from '../blocks.js';
import { type Block, basicBlock, biReal } from './blocks.js';

/** Channels of the three stages. */
const STAGES = [16, 32, 64];

/**
 * A ResNet for CIFAR of 6n + 2 layers (He et al., arXiv 1512.03385, section 4.2): input [32, 32, 3] and 10 classes
 * unless the options say otherwise, n blocks a stage, parameter-free shortcuts. First convolution, last dense layer
 * and batch norms are full precision. With 1-bit activations the blocks are Bi-Real ones.
 */
export function cifarResnet(b: Blocks, name: string, blocksPerStage: number): LayersModel {
  const { inputShape = [32, 32, 3], classes = 10 } = b.options;
  const image = input({ shape: [...inputShape], name: 'image' });
  let x = b.norm('norm1')(
    b.floatConv('conv1', { filters: STAGES[0], kernelSize: 3, padding: 'same' })(image),
  );
  if (!biReal(b)) x = b.relu('norm1_relu')(x);
  STAGES.forEach((filters, s) => {
    for (let i = 1; i <= blocksPerStage; i++) {
      const block = { name: `stage${s + 1}_block${i}`, filters, strides: s > 0 && i === 1 ? 2 : 1 };
      x = basicBlock(b, { ...block, shortcut: shortcutOf(block) }, x);
    }
  });
  x = layers.globalAveragePooling2d({ name: 'pool' }).apply(x) as SymbolicTensor;
  return model({ inputs: image, outputs: b.classifier('dense1', classes)(x), name });
}

function shortcutOf({ name, filters, strides }: Block): Block['shortcut'] {
  if (strides === 1) return undefined;
  return x => new ShortcutA({ name: `${name}_shortcut`, filters, strides }).apply(x) as SymbolicTensor;
}
