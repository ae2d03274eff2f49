import { type ConvGeometry, type Pads, type Pair, type Product, products } from '@apb/core';
import type { Random } from '../random.js';
import { type Problem, problemScenario, type RandomFor, type Scenario } from '../scenario.js';
import { exactFloatInput, exactFloatLayer, exactFloatProblems } from './exactFloats.js';
import { finishes } from './finishes.js';
import { activationBits, inputsFor, layerFor, sparsities, weightBits } from './layers.js';
import { solved } from './product.js';

/** Input [N, H, W, Cin], outChannels, kernel and what differs from stride 1, dilation 1, no pads, one group. */
type Layout = readonly [
  name: string,
  shape: readonly [number, number, number, number],
  out: number,
  kernel: Pair,
  rest?: { strides?: Pair; dilations?: Pair; pads?: Pads; groups?: number },
];

const layouts: Layout[] = [
  ['one pixel, one channel', [1, 1, 1, 1], 1, [1, 1]],
  ['1x1', [2, 3, 5, 64], 9, [1, 1]],
  ['1x1 with stride 2', [1, 5, 6, 33], 17, [1, 1], { strides: [2, 2] }],
  ['1x1 with pads', [1, 3, 2, 32], 4, [1, 1], { pads: [1, 0, 2, 3] }],
  ['3x3 same', [1, 6, 5, 32], 8, [3, 3], { pads: [1, 1, 1, 1] }],
  ['3x3 same, stride 2 on even sizes', [2, 6, 8, 33], 5, [3, 3], { strides: [2, 2], pads: [0, 0, 1, 1] }],
  ['3x3 valid, 100 channels', [1, 5, 5, 100], 7, [3, 3]],
  ['3x3, 31 channels, pads beyond the kernel', [1, 3, 4, 31], 4, [3, 3], { pads: [4, 3, 5, 3] }],
  ['5x5 with four different pads', [1, 7, 6, 3], 9, [5, 5], { pads: [1, 2, 3, 0] }],
  ['5x5 over a whole picture', [3, 5, 5, 16], 10, [5, 5]],
  ['7x1', [1, 8, 3, 64], 3, [7, 1], { pads: [3, 0, 3, 0] }],
  ['1x7', [1, 2, 9, 7], 6, [1, 7], { pads: [0, 2, 0, 4] }],
  ['strides 3 and 1', [1, 9, 5, 20], 5, [3, 3], { strides: [3, 1], pads: [1, 1, 1, 1] }],
  ['strides 1 and 3', [1, 4, 10, 20], 5, [3, 2], { strides: [1, 3], pads: [0, 2, 1, 0] }],
  [
    'strides 2 and 3, a stride beyond the kernel',
    [2, 7, 8, 40],
    4,
    [1, 2],
    { strides: [2, 3], pads: [1, 0, 0, 1] },
  ],
  ['dilations 2 and 3', [1, 7, 8, 17], 6, [3, 3], { dilations: [2, 3], pads: [2, 3, 2, 3] }],
  [
    'dilation, stride and unequal pads',
    [1, 8, 7, 34],
    3,
    [2, 3],
    { dilations: [3, 2], strides: [2, 1], pads: [0, 3, 2, 1] },
  ],
  ['2 groups of 32', [1, 4, 5, 64], 6, [3, 3], { pads: [1, 1, 1, 1], groups: 2 }],
  ['4 groups of 3', [2, 4, 4, 12], 8, [3, 3], { pads: [0, 1, 1, 0], groups: 4 }],
  ['3 groups of 33', [1, 3, 4, 99], 6, [2, 2], { pads: [1, 0, 0, 1], groups: 3 }],
  ['depthwise', [1, 5, 6, 33], 33, [3, 3], { pads: [1, 1, 1, 1], groups: 33 }],
  [
    'depthwise with two filters a channel',
    [1, 5, 4, 8],
    16,
    [3, 3],
    { strides: [2, 1], pads: [1, 0, 1, 2], groups: 8 },
  ],
  ['a wide row', [1, 2, 67, 8], 5, [3, 3], { pads: [1, 1, 1, 1] }],
  ['enough work for several threads', [1, 14, 15, 36], 24, [3, 3], { pads: [1, 1, 1, 1] }],
  ['65 output channels', [1, 3, 4, 10], 65, [3, 3], { pads: [1, 1, 1, 1] }],
  ['two larger pictures', [2, 11, 13, 40], 20, [3, 3], { pads: [1, 1, 1, 1] }],
  ['a larger picture, strides 1 and 2', [1, 18, 31, 40], 20, [3, 3], { strides: [1, 2], pads: [2, 0, 1, 1] }],
];

export function convScenarios(randomFor: RandomFor): Scenario[] {
  return products.flatMap(product => {
    const scenario = (name: string, problems: (random: Random) => Problem[]) =>
      problemScenario(`conv2d:${product}`, name, () => problems(randomFor(`conv2d:${product} ${name}`)));
    const padded = layouts[5];
    const larger = layouts[layouts.length - 2];
    const all = layouts.map((layout, i) =>
      scenario(layout[0], random => oneLayout(random, product, layout, i)),
    );
    all.push(scenario('every epilogue', random => everyEpilogue(random, product, padded)));
    // Inside a large picture kernels leave out what borders need.
    if (activationBits(product) === 1)
      all.push(
        scenario('every epilogue of larger pictures', random => everyEpilogue(random, product, larger)),
      );
    if (weightBits(product) === 1)
      all.push(
        scenario('every sparse part at padded borders', random => everySparsity(random, product, padded)),
      );
    if (activationBits(product) === 32)
      all.push(scenario('sums that are exact in any order', random => exactSums(random, product)));
    return all;
  });
}

/** Encodings in turn, sparse parts, scales and epilogues rotating with the layout. */
function oneLayout(random: Random, product: Product, layout: Layout, i: number): Problem[] {
  return inputsFor(random, product, layout[1]).flatMap((x, j) => {
    const sparsity = sparsities[(i + j) % sparsities.length];
    const layer = layerFor(random, product, { ...sizesOf(layout), perChannel: (i + j) % 2 === 0, sparsity });
    const finish = finishes[(i + 5 * j) % finishes.length];
    return solved(random, `sparse part ${sparsity}`, x, layer, ['scaled', finish], geometryOf(layout));
  });
}

function everySparsity(random: Random, product: Product, layout: Layout): Problem[] {
  return sparsities.flatMap(sparsity =>
    inputsFor(random, product, layout[1]).flatMap(x => {
      const layer = layerFor(random, product, { ...sizesOf(layout), perChannel: true, sparsity });
      return solved(random, `sparse part ${sparsity}`, x, layer, ['plain'], geometryOf(layout));
    }),
  );
}

function everyEpilogue(random: Random, product: Product, layout: Layout): Problem[] {
  return inputsFor(random, product, layout[1]).flatMap(x => {
    const layer = layerFor(random, product, { ...sizesOf(layout), sparsity: 'few' });
    return solved(random, 'one scale', x, layer, finishes, geometryOf(layout));
  });
}

function exactSums(random: Random, product: Product): Problem[] {
  return layouts.flatMap(layout =>
    exactFloatProblems(random, {
      label: layout[0],
      x: exactFloatInput(random, layout[1]),
      layer: exactFloatLayer(random, weightBits(product) as 1 | 32, { ...sizesOf(layout), sparsity: 'few' }),
      geometry: geometryOf(layout),
    }),
  );
}

function sizesOf(layout: Layout): { rows: number; k: number; geometry: ConvGeometry } {
  const geometry = geometryOf(layout);
  const { kernel, inChannels, groups, outChannels } = geometry;
  return { rows: outChannels, k: kernel[0] * kernel[1] * (inChannels / groups), geometry };
}

function geometryOf([, shape, outChannels, kernel, rest]: Layout): ConvGeometry {
  return {
    inChannels: shape[3],
    outChannels,
    kernel,
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    groups: 1,
    ...rest,
  };
}
