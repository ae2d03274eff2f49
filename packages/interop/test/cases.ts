import { INPUT, type Quantizer, uniformQuantizer } from '@apb/core';
import { NetBuilder, type Packing } from './builder.js';

/** Small networks by name that together hold every kind of node, on pictures of odd, unequal sides. */
export const floatCases: Readonly<Record<string, () => NetBuilder>> = {
  'a convolution with four different pads': () =>
    net(1)
      .conv(3, 5, { kernel: [3, 5], pads: [2, 0, 1, 3], bias: true })
      .norm(5),
  'strides and a kernel larger than its stride': () =>
    net(2).conv(3, 4, { kernel: [4, 3], strides: [3, 2], pads: [0, 1, 2, 0] }),
  'a dilated convolution': () =>
    net(3)
      .conv(3, 4, { dilations: [2, 3], pads: [1, 2, 3, 4] })
      .norm(4)
      .plain('relu'),
  'strides and dilations at once': () =>
    net(4).conv(3, 4, { strides: [2, 3], dilations: [3, 2], pads: [3, 2, 2, 1] }),
  'groups, with a bias alone': () => net(5).conv(3, 6).conv(6, 8, { groups: 2, bias: true }),
  'a depthwise convolution with two outputs a channel': () => net(6).conv(3, 6, { groups: 3 }).norm(6),
  'a depthwise convolution with strides and dilations': () =>
    net(7).conv(3, 3, { groups: 3, strides: [2, 1], dilations: [1, 2] }),
  'activations: PReLU, clamp, ReLU': () => net(8).conv(3, 4).prelu(4).plain('relu').clamp(0.125, 1.25),
  'a batch norm that no layer can take': () => net(9).norm(3).prelu(3),
  'a batch norm behind a value that others read': () => {
    const b = net(10).conv(3, 4, { bias: true });
    const conv = b.last;
    return b.norm(4).plus(conv).plain('relu');
  },
  'max pools with and without pads': () =>
    net(11).maxPool([3, 2], [2, 1], [1, 0, 2, 1]).maxPool([2, 2], [2, 2], [0, 0, 0, 0]),
  'an average pool over its inside': () => net(12).avgPool([3, 3], [2, 2], [1, 2, 2, 1], false),
  'an average pool over its padding too': () => net(13).avgPool([2, 3], [1, 2], [1, 0, 0, 2], true),
  'an option-A shortcut': () => {
    const b = net(14)
      .conv(3, 4, { strides: [2, 2] })
      .norm(4);
    const main = b.last;
    return b.from(INPUT).subsample([2, 2]).padChannels(0, 1).plus(main).plain('relu');
  },
  'branches of unequal length': () => {
    const b = net(15).conv(3, 4).plain('relu');
    const root = b.last;
    b.conv(4, 4)
      .norm(4)
      .prelu(4)
      .conv(4, 4, { kernel: [1, 1], pads: [0, 0, 0, 0] });
    return b.plus(root).padChannels(2, 1);
  },
  'a flattened picture and dense layers': () =>
    net(16)
      .conv(3, 4)
      .plain('flatten')
      .dense(9 * 7 * 4, 11, 'float', true)
      .norm(11)
      .dense(11, 5),
  'pooled channels, padded': () => net(17).plain('globalAvgPool').padChannels(1, 2).dense(6, 4),
  'values without pixels': () => new NetBuilder([13], 18).norm(13).prelu(13).plain('flatten').dense(13, 3),
  'values of two axes': () => new NetBuilder([5, 4], 19).norm(4).plain('relu').plain('flatten').dense(20, 3),
};

/** Weight-only compression: every encoding of the model file, on float activations. */
for (const [i, packing] of (['apb', 'binary', 'ternary', 'kbit', 'sparse'] as const).entries())
  Object.assign(floatCases, {
    [`${packing} weights`]: () =>
      net(30 + i)
        .conv(3, 4, { packing })
        .plain('flatten')
        .dense(252, 3, packing),
  });

export const quantizers: Readonly<Record<string, Quantizer>> = {
  sign: { kind: 'sign', scale: 1 },
  'scaled sign': { kind: 'sign', scale: Math.fround(0.37) },
  '1 bit': uniformQuantizer(1, 0, 1.5),
  '2 bits': uniformQuantizer(2, 0, 1.9),
  '2 bits, symmetric': uniformQuantizer(2, -1.5, 1.5),
  '4 bits from below zero': uniformQuantizer(4, -0.7, 2.1),
  '8 bits': uniformQuantizer(8, 0, 2.3),
  // Values of another quantizer's: q / L, mapped to planes with a step of their own.
  'its own step': { ...uniformQuantizer(2, -1, 1), base: 0, step: Math.fround(0.21) } as Quantizer,
};

/**
 * A quantized block: its input quantized, then layers in which borders, groups, both shortcuts and batch-norm signs
 * matter, then a quantizer again.
 */
export function quantizedBlock(quantizer: Quantizer, packing: Packing, seed: number) {
  const b = net(seed).quantize(quantizer);
  const start = b.last;
  b.conv(3, 6, { packing, groups: 3, strides: [2, 2], pads: [0, 1, 2, 2] }).norm(6);
  const main = b.last;
  b.from(start).subsample([2, 2]).padChannels(1, 2).plus(main);
  if (seed % 2) b.prelu(6);
  const end = b.last;
  const codes = b.quantize(quantizer).last;
  return { b, start, end, codes };
}

function net(seed: number): NetBuilder {
  return new NetBuilder([9, 7, 3], seed);
}
