import type { Model } from '@apb/core';
import { NetworkBuilder, type NetworkOptions } from './builder.js';
import { CIFAR } from './inputs.js';
import { residualBlock } from './residual.js';

/** Channels of the three stages; each has three blocks. */
const STAGES = [16, 32, 64];
const BLOCKS = 3;

/** CIFAR's ResNet-20 (He et al., arXiv 1512.03385, section 4.2) with parameter-free shortcuts, as the trainer builds it. */
export function resnet20(options: NetworkOptions): Model {
  const b = new NetworkBuilder(options, CIFAR);
  let x = b.convNorm('conv1', b.input, { filters: STAGES[0], kernel: 3, compressed: false });
  if (options.bits !== 1) x = b.relu('conv1_relu', x);
  for (const [s, filters] of STAGES.entries())
    for (let i = 1; i <= BLOCKS; i++)
      x = residualBlock(
        b,
        {
          name: `stage${s + 1}_block${i}`,
          filters,
          strides: s > 0 && i === 1 ? 2 : 1,
          shortcut: (name, input) => b.shortcutA(name, input, filters),
        },
        x,
      );
  return b.finish(b.classifier('dense1', b.globalAvgPool('pool', x), 10));
}
