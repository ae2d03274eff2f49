import type { Model } from '@apb/core';
import { NetworkBuilder, type NetworkOptions } from './builder.js';
import { CIFAR } from './inputs.js';

/** Channels of the convolutions; every second one is followed by a pool. */
const FILTERS = [128, 128, 256, 256, 512, 512];

/**
 * VGG-Small for CIFAR (Zhang et al., LQ-Nets, arXiv 1807.10029): six convolutions and one dense layer. With 1-bit
 * activations no ReLU stands before the signs, which would all be +1.
 */
export function vggSmall(options: NetworkOptions): Model {
  const b = new NetworkBuilder(options, CIFAR);
  let x = b.input;
  for (const [i, filters] of FILTERS.entries()) {
    const name = `conv${i + 1}`;
    if (i > 0) x = b.quantize(`${name}_quantizer`, x);
    x = b.convNorm(name, x, { filters, kernel: 3, compressed: i > 0 });
    if (options.bits !== 1) x = b.relu(`${name}_relu`, x);
    if (i % 2 === 1) x = b.maxPool(`pool${(i + 1) / 2}`, x, 2);
  }
  return b.finish(b.classifier('dense1', b.flatten('flat', x), 10));
}
