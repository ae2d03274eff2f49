import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { ShortcutA } from '../../layers/shortcutA.js';
import type { Blocks } from '../blocks.js';

/** Channels of the three stages; each has three blocks of two 3x3 convolutions. */
const stages = [16, 32, 64];
const blocksPerStage = 3;

/**
 * ResNet-20 for CIFAR (He et al., arXiv 1512.03385, section 4.2): input [32, 32, 3], 10 classes, 0.27 million
 * weights, parameter-free shortcuts. First convolution, last dense layer and batch norms are full precision.
 * With 1-bit activations the blocks are Bi-Real ones. See README.md beside this file.
 */
export function resnet20(b: Blocks): LayersModel {
  const image = input({ shape: [32, 32, 3], name: 'image' });
  let x = b.floatConv('conv1', { filters: 16, kernelSize: 3, padding: 'same' })(image);
  x = b.norm('norm1')(x);
  if (b.options.activations !== 1) x = b.relu('norm1_relu')(x);
  stages.forEach((filters, s) => {
    for (let i = 1; i <= blocksPerStage; i++) {
      const block: Block = { name: `stage${s + 1}_block${i}`, filters, strides: s > 0 && i === 1 ? 2 : 1 };
      x = b.options.activations === 1 ? biRealBlock(b, block, x) : residualBlock(b, block, x);
    }
  });
  x = layers.globalAveragePooling2d({ name: 'pool' }).apply(x) as SymbolicTensor;
  return model({ inputs: image, outputs: b.classifier('dense1', 10)(x), name: 'resnet20' });
}

interface Block {
  readonly name: string;
  readonly filters: number;
  readonly strides: number;
}

/** x -> relu(x' + norm(conv(quantize(relu(norm(conv(quantize(x)))))))), x' the float shortcut. */
function residualBlock(b: Blocks, block: Block, x: SymbolicTensor): SymbolicTensor {
  const { name, filters, strides } = block;
  let y = b.quantize(`${name}_quantizer1`)(x);
  y = b.conv(`${name}_conv1`, { filters, kernelSize: 3, strides, padding: 'same' })(y);
  y = b.relu(`${name}_relu1`)(b.norm(`${name}_norm1`)(y));
  y = b.quantize(`${name}_quantizer2`)(y);
  y = b.conv(`${name}_conv2`, { filters, kernelSize: 3, padding: 'same' })(y);
  y = add(`${name}_add`, b.norm(`${name}_norm2`)(y), shortcut(block, x));
  return b.relu(`${name}_relu2`)(y);
}

/** Two units of sign -> conv -> norm -> + shortcut -> PReLU (Liu et al., Bi-Real Net, arXiv 1808.00278). */
function biRealBlock(b: Blocks, block: Block, input: SymbolicTensor): SymbolicTensor {
  let x = input;
  for (const i of [1, 2]) {
    const { name, filters } = block;
    const strides = i === 1 ? block.strides : 1;
    let y = b.quantize(`${name}_quantizer${i}`)(x);
    y = b.conv(`${name}_conv${i}`, { filters, kernelSize: 3, strides, padding: 'same' })(y);
    y = b.norm(`${name}_norm${i}`)(y);
    y = add(`${name}_add${i}`, y, i === 1 ? shortcut(block, x) : x);
    x = prelu(`${name}_prelu${i}`, y);
  }
  return x;
}

function shortcut({ name, filters, strides }: Block, x: SymbolicTensor): SymbolicTensor {
  if (strides === 1) return x;
  return new ShortcutA({ name: `${name}_shortcut`, filters, strides }).apply(x) as SymbolicTensor;
}

function add(name: string, a: SymbolicTensor, b: SymbolicTensor): SymbolicTensor {
  return layers.add({ name }).apply([a, b]) as SymbolicTensor;
}

/** One slope per channel, started at 0.25. */
function prelu(name: string, x: SymbolicTensor): SymbolicTensor {
  const slopes = layers.prelu({
    name,
    sharedAxes: [1, 2],
    alphaInitializer: initializers.constant({ value: 0.25 }),
  });
  return slopes.apply(x) as SymbolicTensor;
}
