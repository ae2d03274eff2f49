import { initializers, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Blocks } from '../blocks.js';

/** A residual block; its layers' names start with `name`. */
export interface Block {
  readonly name: string;
  /** Channels of its 3x3 convolutions. */
  readonly filters: number;
  /** Of its first 3x3 convolution, and of its shortcut. */
  readonly strides: number;
  /**
   * Makes the shortcut where the size or the channels change, from the block's float input and from the same
   * quantized for its convolutions; absent: the input itself.
   */
  readonly shortcut?: (x: SymbolicTensor, quantized: SymbolicTensor) => SymbolicTensor;
}

/** Builds a block behind `x`. */
export type BlockBuilder = (b: Blocks, block: Block, x: SymbolicTensor) => SymbolicTensor;

/** Channels of a bottleneck's output over those of its 3x3 convolution. */
export const EXPANSION = 4;

/** Two 3x3 convolutions: Bi-Real where the options ask for it, else as He et al. */
export const basicBlock: BlockBuilder = (b, block, x) =>
  biReal(b) ? biRealBlock(b, block, x) : residualBlock(b, block, x);

/** 1x1, 3x3 and 1x1 convolutions, of which the last has four times the channels (He et al., arXiv 1512.03385). */
export const bottleneck: BlockBuilder = (b, block, x) =>
  biReal(b) ? biRealBottleneck(b, block, x) : residualBottleneck(b, block, x);

/** Whether each convolution has its shortcut and no ReLU: the default for 1-bit activations. */
export function biReal({ options: { shortcuts, activations } }: Blocks): boolean {
  return shortcuts === undefined ? activations === 1 : shortcuts === 'bireal';
}

/** x -> relu(x' + norm(conv(quantize(relu(norm(conv(quantize(x)))))))), x' the shortcut. */
function residualBlock(b: Blocks, block: Block, x: SymbolicTensor): SymbolicTensor {
  const { name, filters, strides } = block;
  const quantized = b.quantize(`${name}_quantizer1`)(x);
  let y = unit(b, name, 1, quantized, { filters, kernelSize: 3, strides });
  y = b.quantize(`${name}_quantizer2`)(b.relu(`${name}_relu1`)(y));
  y = unit(b, name, 2, y, { filters, kernelSize: 3 });
  y = add(`${name}_add`, y, shortcut(block, x, quantized));
  return b.relu(`${name}_relu2`)(y);
}

function residualBottleneck(b: Blocks, block: Block, x: SymbolicTensor): SymbolicTensor {
  const { name, filters, strides } = block;
  const quantized = b.quantize(`${name}_quantizer1`)(x);
  let y = unit(b, name, 1, quantized, { filters, kernelSize: 1 });
  y = b.quantize(`${name}_quantizer2`)(b.relu(`${name}_relu1`)(y));
  y = unit(b, name, 2, y, { filters, kernelSize: 3, strides });
  y = b.quantize(`${name}_quantizer3`)(b.relu(`${name}_relu2`)(y));
  y = unit(b, name, 3, y, { filters: EXPANSION * filters, kernelSize: 1 });
  y = add(`${name}_add`, y, shortcut(block, x, quantized));
  return b.relu(`${name}_relu3`)(y);
}

/** Two units of quantize -> conv -> norm -> + shortcut -> PReLU (Liu et al., Bi-Real Net, arXiv 1808.00278). */
function biRealBlock(b: Blocks, block: Block, input: SymbolicTensor): SymbolicTensor {
  let x = input;
  for (const i of [1, 2]) {
    const { name, filters } = block;
    const strides = i === 1 ? block.strides : 1;
    const quantized = b.quantize(`${name}_quantizer${i}`)(x);
    const y = unit(b, name, i, quantized, { filters, kernelSize: 3, strides });
    x = add(`${name}_add${i}`, y, i === 1 ? shortcut(block, x, quantized) : x);
    x = prelu(`${name}_prelu${i}`, x);
  }
  return x;
}

/**
 * Three units of quantize -> conv -> norm -> PReLU. The 3x3 convolution has a shortcut of its own where it keeps the
 * size; the 1x1 ones change the channels and cannot, but the block's shortcut ends behind the last.
 */
function biRealBottleneck(b: Blocks, block: Block, x: SymbolicTensor): SymbolicTensor {
  const { name, filters, strides } = block;
  const quantized = b.quantize(`${name}_quantizer1`)(x);
  let y = prelu(`${name}_prelu1`, unit(b, name, 1, quantized, { filters, kernelSize: 1 }));
  const middle = b.quantize(`${name}_quantizer2`)(y);
  const z = unit(b, name, 2, middle, { filters, kernelSize: 3, strides });
  y = prelu(`${name}_prelu2`, strides === 1 ? add(`${name}_add1`, z, y) : z);
  y = b.quantize(`${name}_quantizer3`)(y);
  y = unit(b, name, 3, y, { filters: EXPANSION * filters, kernelSize: 1 });
  return prelu(`${name}_prelu3`, add(`${name}_add2`, y, shortcut(block, x, quantized)));
}

/** The i-th convolution of a block and its batch norm. */
function unit(
  b: Blocks,
  name: string,
  i: number,
  x: SymbolicTensor,
  args: { filters: number; kernelSize: number; strides?: number },
): SymbolicTensor {
  return b.norm(`${name}_norm${i}`)(b.conv(`${name}_conv${i}`, { ...args, padding: 'same' })(x));
}

function shortcut(block: Block, x: SymbolicTensor, quantized: SymbolicTensor): SymbolicTensor {
  return block.shortcut ? block.shortcut(x, quantized) : x;
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
