import {
  allocPlanes,
  type ConvGeometry,
  createReferenceBackend,
  encodingOf,
  type KernelBackend,
  type KernelWeights,
  type Op,
  type Quantizer,
  uniformQuantizer,
  wordsPerRow,
} from '@apb/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWasmBackend } from '../dist/index.js';

const SEED = 20_240_611;
const ISAS = ['relaxed-simd', 'simd128', 'scalar'];
const IN_SHAPE = [2, 9, 7, 6];
const GEOMETRY: ConvGeometry = {
  inChannels: 6,
  outChannels: 10,
  kernel: [3, 2],
  strides: [2, 1],
  dilations: [1, 2],
  pads: [2, 1, 0, 1],
  groups: 2,
};
const OUT_SHAPE = [2, 5, 7, 10];
const K = 3 * 2 * 3;
const quantizers: Record<string, Quantizer> = {
  sign: { kind: 'sign', scale: Math.fround(0.7) },
  'one-bit code': uniformQuantizer(1, -1, 1),
  'two bits from zero': uniformQuantizer(2, 0, 1.5),
  'four bits around zero': uniformQuantizer(4, -1.1, 0.9),
  'eight bits': uniformQuantizer(8, -1, 1),
};

let reference: KernelBackend;
let builds: KernelBackend[];

beforeAll(async () => {
  console.log(`seed ${SEED}`);
  reference = createReferenceBackend();
  await reference.init();
  builds = ISAS.map(() => createWasmBackend());
  for (const [i, isa] of ISAS.entries()) await builds[i].init({ isa });
});

afterAll(() => {
  for (const backend of [reference, ...builds]) backend.dispose();
});

describe('a quantized layer gives the reference its bits', () => {
  for (const [name, quantizer] of Object.entries(quantizers))
    it(`${name}: convolution with residual, then dense`, () => {
      const bits = quantizer.kind === 'sign' ? 1 : quantizer.bits;
      const expected = twoLayers(reference, quantizer, bits);
      for (const backend of builds) expect(twoLayers(backend, quantizer, bits)).toEqual(expected);
    });
});

describe('all builds give the same bits for float input, too', () => {
  it.each(['1/32', '32/32'])('%s', product => {
    const weights = product === '1/32' ? apb(lehmer(SEED), 10, K) : float(lehmer(SEED), 10, K);
    const [a, ...others] = builds.map(backend => convolve(backend, lehmer(SEED), weights, 32));
    for (const other of others) expect(other).toEqual(a);
    expect(a.some(v => v !== a[0])).toBe(true);
  });
});

/** quantize -> conv2d with residual and requantization -> reshape -> gemm; the logits' bits. */
function twoLayers(backend: KernelBackend, quantizer: Quantizer, bits: 1 | 2 | 4 | 8): Uint32Array {
  const random = lehmer(SEED);
  const x = backend.upload({ shape: IN_SHAPE, data: floats(random, 2 * 9 * 7 * 6) });
  const planes = (shape: number[]) =>
    backend.alloc({ kind: 'planes', shape, encoding: encodingOf(quantizer) });
  const input = planes(IN_SHAPE);
  backend.run({ op: 'quantize', quantizer }, [x], input);
  const conv = backend.prepareWeights(apb(random, 10, K), { activationBits: bits, geometry: GEOMETRY });
  const residual = backend.upload({ shape: OUT_SHAPE, data: floats(random, 2 * 5 * 7 * 10) });
  const hidden = planes(OUT_SHAPE);
  backend.run(layer('conv2d', random, 10, quantizer), [input, residual], hidden, conv);
  const flat = planes([2, 350]);
  backend.run({ op: 'reshape' }, [hidden], flat);
  const dense = backend.prepareWeights(apb(random, 3, 350), { activationBits: bits });
  const logits = backend.alloc({ kind: 'float', shape: [2, 3] });
  backend.run(layer('gemm', random, 3), [flat], logits, dense);
  return bitsOf(backend.download(logits).data);
}

function convolve(
  backend: KernelBackend,
  random: Random,
  weights: KernelWeights,
  activationBits: 32,
): Uint32Array {
  const x = backend.upload({ shape: IN_SHAPE, data: floats(random, 2 * 9 * 7 * 6) });
  const out = backend.alloc({ kind: 'float', shape: OUT_SHAPE });
  const prepared = backend.prepareWeights(weights, { activationBits, geometry: GEOMETRY });
  backend.run(layer('conv2d', random, 10), [x], out, prepared);
  return bitsOf(backend.download(out).data);
}

function layer(op: 'conv2d' | 'gemm', random: Random, channels: number, quantizer?: Quantizer): Op {
  const activation = { kind: 'prelu', slopes: floats(random, channels) } as const;
  return {
    op,
    epilogue: { scale: floats(random, channels), shift: floats(random, channels), activation, quantizer },
  };
}

/** Random signs, a scale a row, and every ninth weight in full precision. */
function apb(random: Random, rows: number, k: number): KernelWeights {
  const signs = allocPlanes('sign', 1, rows, k);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < k; i++)
      if (random() < 0) signs.words[r * wordsPerRow(k) + (i >>> 5)] |= 1 << (i & 31);
  const positions = Uint32Array.from({ length: Math.floor((rows * k) / 9) }, (_, i) => 9 * i);
  const scales = floats(random, rows).map(v => Math.abs(v) + 0.1);
  return { kind: 'apb', signs, scales, positions, values: floats(random, positions.length) };
}

function float(random: Random, rows: number, k: number): KernelWeights {
  return { kind: 'float', rows, k, values: floats(random, rows * k) };
}

type Random = () => number;

function floats(random: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, random);
}

/** Numbers in (-1, 1) from a Lehmer generator, the same on every machine. */
function lehmer(seed: number): Random {
  let state = seed;
  return () => {
    state = (state * 48_271) % 0x7fffffff;
    return (2 * state) / 0x7fffffff - 1;
  };
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
