import type { Model } from '@apb/core';
import { NetworkBuilder, type NetworkOptions, type Value } from './builder.js';
import { IMAGENET } from './inputs.js';
import { residualBlock } from './residual.js';

/** Channels of the four stages; each has two blocks. */
const STAGES = [64, 128, 256, 512];
const BLOCKS = 2;

/**
 * ImageNet's ResNet-18 (He et al., arXiv 1512.03385). Its 1 x 1 convolutions in shortcuts are compressed, but for 1-bit
 * activations, where they stay in full precision and read floats.
 */
export function resnet18(options: NetworkOptions): Model {
  const b = new NetworkBuilder(options, IMAGENET);
  const binary = options.bits === 1;
  let x = b.convNorm('conv1', b.input, { filters: STAGES[0], kernel: 7, strides: 2, compressed: false });
  if (!binary) x = b.relu('conv1_relu', x);
  x = b.maxPool('pool1', x, 3);
  for (const [s, filters] of STAGES.entries()) {
    const shortcut = (name: string, input: Value, quantized: Value) =>
      b.convNorm(name, binary ? input : quantized, { filters, kernel: 1, strides: 2, compressed: !binary });
    for (let i = 1; i <= BLOCKS; i++) {
      const strides = s > 0 && i === 1 ? 2 : 1;
      x = residualBlock(b, { name: `stage${s + 1}_block${i}`, filters, strides, shortcut }, x);
    }
  }
  return b.finish(b.classifier('dense1', b.globalAvgPool('pool', x), 1000));
}
