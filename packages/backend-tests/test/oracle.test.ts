import type { ConvGeometry, Encoding, Quantizer } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from '../src/oracle/bits.js';
import { dequantized, quantized, reachable, realOf } from '../src/oracle/codes.js';
import { convolve, matrixGeometry, outputShape, padImages } from '../src/oracle/convolution.js';
import { exactEpilogue, trueEpilogue } from '../src/oracle/epilogue.js';
import { gamma, nearestEven, UNIT } from '../src/oracle/float.js';
import { dense, type IntLayer, kernelWeights, residualAt } from '../src/oracle/layer.js';
import { averagePool, globalAveragePool, maxPool } from '../src/oracle/pool.js';
import { exactProduct, integerProduct, trueQuantizedProduct } from '../src/oracle/product.js';
import { softmax } from '../src/oracle/softmax.js';
import { Random } from '../src/random.js';

// Everything here is small enough to be worked out by hand.

describe('bits', () => {
  it('puts value i at bit i % 32 of word floor(i / 32), rows on whole words', () => {
    const codes = new Uint8Array(66);
    codes[0] = codes[31] = codes[32] = 1;
    codes[33 + 1] = codes[33 + 32] = 1;
    const planes = pack('sign', 1, 2, 33, codes);
    expect([...planes.words]).toEqual([0x80000001, 1, 2, 1]);
    expect([...unpack(planes)]).toEqual([...codes]);
  });

  it('puts bit p of a code into plane p, planes after rows', () => {
    const planes = pack('code', 2, 2, 3, [3, 1, 2, 0, 0, 3]);
    // Plane 0: rows 110 and 001, plane 1: rows 101 and 001, first value at the lowest bit.
    expect([...planes.words]).toEqual([0b011, 0b100, 0b101, 0b100]);
    expect([...unpack(planes)]).toEqual([3, 1, 2, 0, 0, 3]);
  });
});

describe('rounding and codes', () => {
  it('rounds halves to even', () => {
    expect([0.5, 1.5, 2.5, 3.5, 2.4, 2.6, -0.5, -1.5].map(nearestEven)).toEqual([0, 2, 2, 4, 2, 3, -0, -2]);
  });

  it('bounds n roundings', () => {
    expect(gamma(1)).toBeCloseTo(2 ** -24, 14);
    expect(gamma(2 ** 20)).toBe(2 ** -4 / (1 - 2 ** -4));
  });

  it('quantizes by clip, subtract, multiply, round', () => {
    const q: Quantizer = { kind: 'code', bits: 2, lo: -1.5, hi: 1.5, inv: 1, base: -1.5, step: 1 };
    expect([-9, -1.5, -1, -0.99, 0, 0.01, 1, 9].map(x => quantized(x, q))).toEqual([0, 0, 0, 1, 2, 2, 2, 3]);
    const sign: Quantizer = { kind: 'sign', scale: 2 };
    expect([-1, -(2 ** -149), -0, 0, 1].map(x => quantized(x, sign))).toEqual([1, 1, 0, 0, 0]);
  });

  it('knows which codes an uncertain value may get', () => {
    const q: Quantizer = { kind: 'code', bits: 2, lo: 0, hi: 3, inv: 1, base: 0, step: 1 };
    expect(reachable(1.2, 0, q)).toEqual([1, 1]);
    expect(reachable(1.5, 0, q)).toEqual([1, 2]);
    expect(reachable(1.2, 0.4, q)).toEqual([1, 2]);
    expect(reachable(-4, 1, q)).toEqual([0, 0]);
    expect(reachable(9, 1, q)).toEqual([3, 3]);
    const sign: Quantizer = { kind: 'sign', scale: 1 };
    expect([reachable(0, 0, sign), reachable(-1, 0.5, sign), reachable(0.1, 0.2, sign)]).toEqual([
      [0, 0],
      [1, 1],
      [0, 1],
    ]);
  });

  it('dequantizes with two roundings', () => {
    const e: Encoding = { kind: 'code', bits: 8, base: 1, step: Math.fround(2 ** -24 * 1.5) };
    expect(realOf(1, e)).toBe(1 + 1.5 * 2 ** -24);
    expect(dequantized(1, e)).toBe(1 + 2 ** -23);
    expect([0, 1].map(c => dequantized(c, { kind: 'sign', bits: 1, scale: 2 }))).toEqual([2, -2]);
  });
});

/** One row over a 2x2 kernel: alpha 2, signs + - + -, the second weight kept as -3. W_hat = 2 -3 2 -2. */
const layer: IntLayer = {
  bits: 1,
  rows: 1,
  k: 4,
  integers: Int8Array.of(1, -1, 1, -1),
  scales: Float32Array.of(2),
  full: Uint8Array.of(0, 1, 0, 0),
  values: Float32Array.of(0, -3, 0, 0),
};
const geometry: ConvGeometry = {
  ...matrixGeometry(1, 1),
  kernel: [2, 2],
  pads: [1, 0, 0, 0],
};

describe('products', () => {
  it('recomposes W_hat, keeps the residual, packs as the contract wants', () => {
    expect([...dense(layer)]).toEqual([2, -3, 2, -2]);
    expect(residualAt(layer, 1)).toBe(-1);
    expect(kernelWeights(layer)).toEqual({
      kind: 'apb',
      signs: { kind: 'sign', bits: 1, rows: 1, k: 4, words: Uint32Array.of(0b1010) },
      scales: Float32Array.of(2),
      positions: Uint32Array.of(1),
      values: Float32Array.of(-3),
    });
    const twoBit: IntLayer = {
      ...layer,
      bits: 2,
      integers: Int8Array.of(-3, -1, 1, 3),
      full: new Uint8Array(4),
    };
    // p = 0 1 2 3: plane 0 is 0101, plane 1 is 0011, first value at the lowest bit.
    expect(kernelWeights(twoBit)).toMatchObject({
      kind: 'twoBit',
      codes: { words: Uint32Array.of(0b1010, 0b1100) },
    });
  });

  it('sums integers', () => {
    const encoding: Encoding = { kind: 'code', bits: 4, base: 5, step: 7 };
    const x = { shape: [2, 4], encoding, codes: Uint8Array.of(1, 2, 3, 4, 15, 0, 15, 0) };
    expect([...integerProduct(x, layer)]).toEqual([1 - 2 + 3 - 4, 30]);
    const signs = {
      shape: [1, 4],
      encoding: { kind: 'sign', bits: 1, scale: 9 } as const,
      codes: Uint8Array.of(1, 0, 0, 1),
    };
    expect([...integerProduct(signs, layer)]).toEqual([-1 - 1 + 1 + 1]);
  });

  it('pads with a real zero that is no code', () => {
    // The picture is -1.5 -0.5 / 0.5 1.5; above it lies the padding.
    // First output: 2 * -1.5 + -2 * -0.5; second: 2 * -1.5 + -3 * -0.5 + 2 * 0.5 + -2 * 1.5.
    const encoding: Encoding = { kind: 'code', bits: 2, base: -1.5, step: 1 };
    const x = { shape: [1, 2, 2, 1], encoding, codes: Uint8Array.of(0, 1, 2, 3) };
    expect(outputShape(x.shape, geometry)).toEqual([1, 2, 1, 1]);
    expect([...exactProduct(x, layer, geometry)]).toEqual([-2, -3.5]);
    const { values, errors } = trueQuantizedProduct(x, layer, geometry);
    expect([...values]).toEqual([-2, -3.5]);
    // Seven roundings of the terms 2 * 1.5, 2 * 2.5 of the first output.
    expect(errors[0] / (gamma(7) * 8)).toBeCloseTo(1, 9);
  });

  it('treats signs as -1 and +1 with the encoding scale', () => {
    const x = {
      shape: [1, 2, 2, 1],
      encoding: { kind: 'sign', bits: 1, scale: 0.5 } as const,
      codes: Uint8Array.of(1, 0, 0, 1),
    };
    // Signs -1 1 / 1 -1, halved: (-2 - 2) / 2; then (-2 - 3 + 2 + 2) / 2.
    expect([...exactProduct(x, layer, geometry)]).toEqual([-2, -0.5]);
  });

  it('leaves out the sparse term of a row without full-precision weights, and -0 with it', () => {
    const bare: IntLayer = {
      ...layer,
      k: 1,
      integers: Int8Array.of(-1),
      full: Uint8Array.of(0),
      scales: Float32Array.of(2 ** -100),
    };
    const kept: IntLayer = { ...bare, full: Uint8Array.of(1), values: Float32Array.of(-(2 ** -100)) };
    const x = {
      shape: [1, 1],
      encoding: { kind: 'code', bits: 1, base: 0, step: 2 ** -100 } as const,
      codes: Uint8Array.of(1),
    };
    expect(exactProduct(x, bare, matrixGeometry(1, 1))[0]).toBe(-0);
    expect(exactProduct(x, kept, matrixGeometry(1, 1))[0]).toBe(0);
  });

  it('steps by strides and dilations and keeps groups apart', () => {
    const row = { ...matrixGeometry(1, 1), kernel: [1, 2], strides: [1, 2], dilations: [1, 3] } as const;
    expect([...convolve([1, 2, 3, 4, 5, 6, 7], [1, 1, 7, 1], Float64Array.of(1, 10), row)]).toEqual([41, 63]);
    const grouped = { ...matrixGeometry(2, 2), groups: 2 };
    expect([...convolve([3, 5], [1, 1, 1, 2], Float64Array.of(10, 100), grouped)]).toEqual([30, 500]);
  });

  it('pads four sides', () => {
    expect(padImages([1, 2], [1, 1, 2, 1], [1, 2, 0, 1], 9)).toEqual({
      shape: [1, 2, 5, 1],
      data: Float64Array.of(9, 9, 9, 9, 9, 9, 9, 1, 2, 9),
    });
  });
});

describe('epilogue', () => {
  const plain = {
    scale: Float32Array.of(1),
    shift: Float32Array.of(0),
    activation: { kind: 'none' },
  } as const;

  it('rounds after the scale and after the shift', () => {
    const p = 1 + 2 ** -12;
    const e = { ...plain, scale: Float32Array.of(p), shift: Float32Array.of(-1) };
    // p * p = 1 + 2^-11 + 2^-24 is half-way and goes to 1 + 2^-11; fused it would keep 2^-24.
    expect(exactEpilogue(Float32Array.of(p), e)[0]).toBe(2 ** -11);
    const real = trueEpilogue({ values: Float64Array.of(p), errors: Float64Array.of(0) }, e);
    expect(real.values[0]).toBe(2 ** -11 + 2 ** -24);
    expect(real.errors[0]).toBeGreaterThan(2 ** -24);
    expect(real.errors[0]).toBeLessThan(2 ** -23);
  });

  it('keeps the signs of zeros', () => {
    const e = { ...plain, scale: Float32Array.of(-1), shift: Float32Array.of(-0) };
    expect(exactEpilogue(Float32Array.of(0), e)[0]).toBe(-0);
    expect(exactEpilogue(Float32Array.of(0), { ...e, activation: { kind: 'relu' } })[0]).toBe(0);
    expect(exactEpilogue(Float32Array.of(0), e, Float32Array.of(0))[0]).toBe(0);
  });

  it('adds the residual before the activation', () => {
    const prelu = { ...plain, activation: { kind: 'prelu', slopes: Float32Array.of(0.5) } } as const;
    expect([...exactEpilogue(Float32Array.of(1, -1), prelu, Float32Array.of(-3, 0.5))]).toEqual([-1, -0.25]);
    const clamp = { ...plain, activation: { kind: 'clamp', min: -1, max: 6 } } as const;
    expect([...exactEpilogue(Float32Array.of(-5, 2, 4), clamp, Float32Array.of(0, 0, 4))]).toEqual([
      -1, 2, 6,
    ]);
  });
});

describe('pools and softmax', () => {
  const x = Float32Array.of(-1, -2, -3, -4, -5, -6);
  const shape = [1, 2, 3, 1];
  const corner = { window: [2, 2], strides: [2, 2], pads: [1, 1, 0, 0] } as const;

  it('pools in-bounds values', () => {
    // Windows: -1 | -2 -3 above, -4 | -5 -6 would start a third row; only one row of windows fits.
    expect([...maxPool(x, shape, corner)]).toEqual([-1, -2]);
    expect([...averagePool(x, shape, corner, false)]).toEqual([-1, -2.5]);
    expect([...averagePool(x, shape, corner, true)]).toEqual([-0.25, -1.25]);
    expect(globalAveragePool(x, shape)[0]).toBe(Math.fround(-21 * Math.fround(1 / 6)));
  });

  it('takes the first of equal maxima', () => {
    const window = { window: [1, 2], strides: [1, 2], pads: [0, 0, 0, 0] } as const;
    expect([...maxPool(Float32Array.of(-0, 0, 0, -0), [1, 1, 4, 1], window)]).toEqual([-0, 0]);
  });

  it('gives probabilities', () => {
    const { values, errors } = softmax(Float32Array.of(0, Math.log(3), -500, 0, 0, 0), 3);
    expect(values[0]).toBeCloseTo(0.25, 7);
    expect(values[1]).toBeCloseTo(0.75, 7);
    expect(values[3]).toBe(1 / 3);
    expect(errors[1]).toBeLessThan(0.75 * 600 * UNIT);
    expect(errors[3]).toBeLessThan((21 / 3) * UNIT);
  });
});

describe('random numbers', () => {
  it('depend on seed and name only', () => {
    const words = (seed: number, name: string) => {
      const random = new Random(seed, name);
      return [random.word(), random.word(), random.word()];
    };
    expect(words(1, 'a')).toEqual(words(1, 'a'));
    expect(words(2, 'a')).not.toEqual(words(1, 'a'));
    expect(words(1, 'b')).not.toEqual(words(1, 'a'));
  });

  it('spread as they should', () => {
    const random = new Random(3, 'spread');
    const counts = new Array(8).fill(0);
    for (let i = 0; i < 8000; i++) counts[random.below(8)]++;
    // Binomial with mean 1000 and standard deviation 30: six of them either way.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(180);
    const normals = random.normals(10_000);
    const mean = normals.reduce((a, b) => a + b) / 10_000;
    const square = normals.reduce((a, b) => a + b * b) / 10_000;
    // Standard errors 0.01 and about 0.014.
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(Math.abs(square - 1)).toBeLessThan(0.085);
  });
});
