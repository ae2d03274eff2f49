import {
  decompose,
  type Model,
  type Node,
  packCodes,
  packSigns,
  type Quantizer,
  roundToFloat16,
  uniformQuantizer,
  type WeightData,
} from '../src/index.js';

/** mulberry32: a seeded generator of floats in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Float32 values in (-1, 1). */
export function randomFloats(length: number, next: () => number): Float32Array {
  return Float32Array.from({ length }, () => 2 * next() - 1);
}

export function float(...shape: number[]): WeightData & { encoding: 'float' } {
  const values = randomFloats(
    shape.reduce((a, b) => a * b),
    random(shape.length * 1000 + shape[0]),
  );
  return { encoding: 'float', shape, values };
}

const eps = Math.fround(1e-3);

/**
 * One parameter of every encoding, scales per layer and per channel, both value types, an apb layer without
 * any full-precision weight, every kind of node, and numbers that are hard to write (-0, subnormal, 2^-24).
 */
export function everyEncoding(): Model {
  const next = random(7);
  const latent = randomFloats(4 * 9 * 3, next);
  latent.set([-0, 0, 1e-40, -1e-40]);
  const apb = decompose(latent, 4, 27, Float32Array.of(0.5), 0.3);
  const halved = { ...apb, values: apb.values.map(roundToFloat16) };
  const perRow = Float32Array.of(0.25, 0.5, 1e-38, 3);
  const nonzero = packCodes(
    Uint8Array.from({ length: 4 * 4 }, (_, i) => (i % 3 ? 1 : 0)),
    1,
    4,
    4,
  );
  const signs = packSigns(
    Float32Array.from({ length: 4 * 4 }, (_, i) => (i % 3 === 1 ? -1 : 1)),
    4,
    4,
  );
  const weights: Record<string, WeightData> = {
    'conv1/kernel': { encoding: 'apb', shape: [4, 3, 3, 3], weights: apb, valueType: 'float32' },
    'conv2/kernel': { encoding: 'apb', shape: [4, 3, 3, 3], weights: halved, valueType: 'float16' },
    'conv3/kernel': {
      encoding: 'apb',
      shape: [4, 3, 3, 2],
      weights: decompose(randomFloats(72, next), 4, 18, perRow, Number.POSITIVE_INFINITY),
      valueType: 'float16',
    },
    'a/kernel': {
      encoding: 'binary',
      shape: [4, 1, 1, 4],
      signs: packSigns(randomFloats(16, next), 4, 4),
      scales: perRow,
    },
    'b/kernel': { encoding: 'ternary', shape: [4, 1, 1, 4], nonzero, signs, scales: Float32Array.of(0.7) },
    'c/kernel': {
      encoding: 'kbit',
      shape: [4, 1, 1, 4],
      codes: packCodes(
        Uint8Array.from({ length: 16 }, (_, i) => i % 8),
        3,
        4,
        4,
      ),
      scales: Float32Array.of(0.1),
    },
    'd/kernel': {
      encoding: 'sparse',
      shape: [6, 16],
      positions: Uint32Array.of(0, 1, 50, 95),
      values: Float32Array.of(-0, 2 ** -24, 65504, -1),
      valueType: 'float16',
    },
    'e/kernel': float(5, 6),
    'e/bias': float(5),
    gamma: float(4),
    beta: float(4),
    mean: float(4),
    variance: { encoding: 'float', shape: [4], values: Float32Array.of(1, 0, 1e-20, 4) },
    slopes: float(4),
  };
  const sign: Quantizer = { kind: 'sign', scale: eps };
  const code: Quantizer = {
    ...uniformQuantizer(2, -0, Math.fround(1.1)),
    step: Math.fround(0.3),
    base: -0,
  } as Quantizer;
  const conv = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], groups: 1 } as const;
  const nodes: Node[] = [
    { name: 'conv1', op: 'conv2d', inputs: ['input'], weights: 'conv1/kernel', ...conv, pads: [1, 1, 1, 1] },
    { name: 'conv2', op: 'conv2d', inputs: ['input'], weights: 'conv2/kernel', ...conv, pads: [1, 1, 1, 1] },
    { name: 'sum', op: 'add', inputs: ['conv1', 'conv2'] },
    {
      name: 'norm',
      op: 'batchNorm',
      inputs: ['sum'],
      gamma: 'gamma',
      beta: 'beta',
      mean: 'mean',
      variance: 'variance',
      epsilon: 1e-5,
    },
    { name: 'sign', op: 'quantize', inputs: ['norm'], quantizer: sign },
    {
      name: 'conv3',
      op: 'conv2d',
      inputs: ['sign'],
      weights: 'conv3/kernel',
      strides: [2, 1],
      dilations: [1, 2],
      pads: [0, 2, 1, 2],
      groups: 2,
    },
    { name: 'prelu', op: 'prelu', inputs: ['conv3'], slopes: 'slopes' },
    { name: 'a', op: 'conv2d', inputs: ['prelu'], weights: 'a/kernel', ...conv },
    { name: 'relu', op: 'relu', inputs: ['a'] },
    { name: 'code', op: 'quantize', inputs: ['relu'], quantizer: code },
    { name: 'b', op: 'conv2d', inputs: ['code'], weights: 'b/kernel', ...conv },
    { name: 'clamp', op: 'clamp', inputs: ['b'], min: -0, max: 6 },
    { name: 'c', op: 'conv2d', inputs: ['clamp'], weights: 'c/kernel', ...conv },
    { name: 'max', op: 'maxPool', inputs: ['c'], window: [2, 2], strides: [1, 1], pads: [1, 1, 0, 0] },
    {
      name: 'avg',
      op: 'avgPool',
      inputs: ['max'],
      window: [1, 1],
      strides: [1, 1],
      pads: [0, 0, 0, 0],
      countPadding: false,
    },
    { name: 'every second', op: 'subsample', inputs: ['avg'], strides: [2, 2] },
    { name: 'wider', op: 'padChannels', inputs: ['every second'], before: 1, after: 3 },
    { name: 'mean "of" pixels', op: 'globalAvgPool', inputs: ['wider'] },
    { name: 'tall', op: 'subsample', inputs: ['c'], strides: [1, 2] },
    { name: 'flat', op: 'flatten', inputs: ['tall'] },
    { name: 'd', op: 'dense', inputs: ['flat'], weights: 'd/kernel' },
    { name: 'e', op: 'dense', inputs: ['d'], weights: 'e/kernel', bias: 'e/bias' },
    { name: 'soft', op: 'softmax', inputs: ['e'] },
  ];
  return {
    graph: { inputShape: [4, 4, 3], nodes, output: 'soft' },
    weights,
    input: {
      shape: [4, 4, 3],
      mean: [0.1, 0.2, 0.3],
      std: [1, 0.5, 0.25],
      resize: { rule: 'crop', size: 5 },
    },
    classes: ['crane', 'crane', 'Käfer', '\ud83d\ude00', 'quote " \\ \u0001 \u2028'],
    provenance: { recipe: 'by hand', note: 'every encoding once' },
  };
}

/** What version 2 added: pruned codes, with one scale, with a scale per channel, and with every weight pruned. */
export function prunedCodes(): Model {
  const sparse = (shape: number[], bits: number, positions: number[], scales: number[]): WeightData => ({
    encoding: 'sparseKbit',
    shape,
    positions: Uint32Array.from(positions),
    codes: packCodes(
      Uint8Array.from(positions, (_, i) => (5 * i + 1) % 2 ** bits),
      bits,
      1,
      positions.length,
    ),
    scales: Float32Array.from(scales),
  });
  return {
    graph: {
      inputShape: [4],
      nodes: [
        { name: 'a', op: 'dense', inputs: ['input'], weights: 'a' },
        { name: 'b', op: 'dense', inputs: ['a'], weights: 'b' },
        { name: 'c', op: 'dense', inputs: ['b'], weights: 'c' },
      ],
      output: 'c',
    },
    weights: {
      a: sparse([3, 4], 3, [0, 1, 5, 11], [0.25]),
      b: sparse([2, 3], 2, [1, 2, 3], [0.5, 2]),
      c: sparse([1, 2], 8, [], [1]),
    },
    input: { shape: [4], mean: [0, 0, 0, 0], std: [1, 1, 1, 1], resize: { rule: 'exact' } },
    classes: [],
    provenance: {},
  };
}

/** A few hundred bytes: what can be damaged in every single place. */
export function tiny(): Model {
  const kernel = decompose(Float32Array.of(-0.5, 2, 0.5, 0.5, -0.5, -3), 2, 3, Float32Array.of(0.5), 0.25);
  return {
    graph: {
      inputShape: [3],
      nodes: [
        { name: 'q', op: 'quantize', inputs: ['input'], quantizer: uniformQuantizer(2, 0, 1) },
        { name: 'd', op: 'dense', inputs: ['q'], weights: 'w', bias: 'b' },
      ],
      output: 'd',
    },
    weights: {
      w: { encoding: 'apb', shape: [2, 3], weights: kernel, valueType: 'float16' },
      b: { encoding: 'float', shape: [2], values: Float32Array.of(1, -0) },
    },
    input: { shape: [3], mean: [0, 0, 0], std: [1, 1, 1], resize: { rule: 'exact' } },
    classes: ['yes', 'no'],
    provenance: {},
  };
}
