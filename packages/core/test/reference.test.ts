import { beforeEach, describe, expect, it } from 'vitest';
import {
  type ConvGeometry,
  createReferenceBackend,
  type DeviceBuffer,
  type Encoding,
  type Epilogue,
  encodingOf,
  type KernelBackend,
  type KernelWeights,
  type Op,
  type PreparedWeights,
  packCodes,
  packSigns,
  type Shape,
  tensor,
  uniformQuantizer,
  unpack,
} from '../src/index.js';

/**
 * The formula of Epilogue worked out step by step on single outputs, and the refusals. Whole operations over
 * shapes, pads and products are compared with an independent oracle by @apb/backend-tests.
 */
const f = Math.fround;
const two = uniformQuantizer(2, f(-0.3), f(1.1));
const twoBits = encodingOf(two) as Encoding & { kind: 'code' };

let backend: KernelBackend;
beforeEach(async () => {
  backend = createReferenceBackend();
  await backend.init();
});

const plain = (channels: number): Epilogue => ({
  scale: new Float32Array(channels).fill(1),
  shift: new Float32Array(channels),
  activation: { kind: 'none' },
});

function apb(
  signs: readonly number[],
  rows: number,
  scale: number,
  full: Record<number, number> = {},
): KernelWeights {
  return {
    kind: 'apb',
    signs: packSigns(Float32Array.from(signs), rows, signs.length / rows),
    scales: Float32Array.of(scale),
    positions: Uint32Array.from(Object.keys(full), Number),
    values: Float32Array.from(Object.values(full)),
  };
}

function codes(values: readonly number[], shape: Shape, encoding: Encoding = twoBits): DeviceBuffer {
  const k = shape[shape.length - 1];
  return backend.importPlanes(
    packCodes(Uint8Array.from(values), encoding.bits, values.length / k, k),
    encoding,
    shape,
  );
}

const floats = (values: readonly number[], shape: Shape) =>
  backend.upload(tensor(shape, Float32Array.from(values)));
const output = (shape: Shape) => backend.alloc({ kind: 'float', shape });

function gemm(weights: KernelWeights, x: DeviceBuffer, epilogue: Epilogue): number[] {
  const bits = x.spec.kind === 'planes' ? x.spec.encoding.bits : 32;
  const prepared = backend.prepareWeights(weights, { activationBits: bits });
  const out = output([x.spec.shape[0], prepared.rows]);
  backend.run({ op: 'gemm', epilogue }, [x], out, prepared);
  return [...backend.download(out).data];
}

describe('the epilogue', () => {
  it('rounds the binary, the sparse and the batch-norm part as written', () => {
    const { base, step } = twoBits;
    const alpha = f(0.7);
    const full = [f(1.3), f(-0.013)];
    const weights = apb([1, -1, 1, 1, -1], 1, alpha, { 1: full[0], 4: full[1] });
    const epilogue = { ...plain(1), scale: Float32Array.of(1.7), shift: Float32Array.of(0.1) };
    const q = [3, 1, 0, 2, 2];
    // acc = 3 - 1 + 0 + 2 - 2, S = 1 - 1 + 1 + 1 - 1
    const binary = f(f(f(alpha * step) * 2) + f(f(alpha * base) * 1));
    const r = full.map(w => f(w + alpha));
    const t = f(f(r[0] * q[1]) + f(r[1] * q[4]));
    const sparse = f(f(step * t) + f(base * f(r[0] + r[1])));
    const expected = f(f(f(binary + sparse) * f(1.7)) + f(0.1));
    expect(gemm(weights, codes(q, [1, 5]), epilogue)).toEqual([expected]);
  });

  it('leaves absent terms out, so that no zero is added', () => {
    // acc = 0 with a negative scale factor would be -0 only if nothing were added to it.
    const zeroBase: Encoding = { kind: 'code', bits: 2, base: 0, step: -0.5 };
    const x = codes([0, 0], [1, 2], zeroBase);
    const negate = { ...plain(1), shift: Float32Array.of(-0) };
    expect(gemm(apb([1, 1], 1, 0.5), x, negate)).toEqual([-0]);
    // With a full-precision weight the sparse term fl(step * 0) = -0 joins: -0 + -0.
    expect(gemm(apb([1, 1], 1, 0.5, { 0: 3 }), x, negate)).toEqual([-0]);
    // With a base the terms are there, and -0 + +0 = +0.
    const x2 = codes([0, 0], [1, 2], { ...zeroBase, base: f(0.1) });
    expect(gemm(apb([1, -1], 1, 0.5), x2, negate)).toEqual([0]);
  });

  it('accumulates the sparse part in column order', () => {
    const big = 2 ** 24;
    const x = codes([1, 1, 1], [1, 3], { kind: 'code', bits: 2, base: 0, step: 1 });
    // Residuals are w - 1: big, 1, -big. In float32 big + 1 = big, so T is 0 and not 1.
    const [y] = gemm(apb([1, 1, 1], 1, 1, { 0: big + 2, 1: 2, 2: 1 - big }), x, plain(1));
    const r = [f(big + 2 - 1), 1, f(1 - big - 1)];
    expect(y).toBe(f(3 + f(f(f(0 + r[0]) + r[1]) + r[2])));
    expect(y).not.toBe(f(3 + f(f(r[0] + r[2]) + r[1])));
  });

  it('adds the residual before the activation and quantizes last', () => {
    const prepared = backend.prepareWeights(apb([1, -1], 1, 1), { activationBits: 2 });
    const x = codes([1, 3], [1, 2], { kind: 'code', bits: 2, base: 0, step: 1 });
    const epilogue: Epilogue = {
      ...plain(1),
      activation: { kind: 'prelu', slopes: Float32Array.of(-0.5) },
      quantizer: two,
    };
    const out = backend.alloc({ kind: 'planes', shape: [1, 1], encoding: twoBits });
    // product -2, residual 1: -1, then prelu 0.5, then code roundHalfEven(0.8 / 1.4 * 3) = 2
    backend.run({ op: 'gemm', epilogue }, [x, floats([1], [1, 1])], out, prepared);
    expect([...unpack(backend.exportPlanes(out))]).toEqual([2]);
  });

  it('rounds a float product once', () => {
    const k = 3;
    const weights: KernelWeights = {
      kind: 'float',
      rows: 1,
      k,
      values: Float32Array.of(1, 2 ** -24, 2 ** -24),
    };
    // One by one in float32 both small terms would vanish.
    expect(gemm(weights, floats([1, 1, 1], [1, 3]), plain(1))).toEqual([1 + 2 ** -23]);
  });
});

describe('padding', () => {
  it('counts in-bounds taps only in acc, S, T and R', () => {
    // A 1x2 window on one pixel with one pad to its left: only the right tap is inside.
    const geometry: ConvGeometry = {
      inChannels: 1,
      outChannels: 1,
      kernel: [1, 2],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 1, 0, 0],
      groups: 1,
    };
    const { base, step } = twoBits;
    const run = (weights: KernelWeights) => {
      const prepared = backend.prepareWeights(weights, { activationBits: 2, geometry });
      const out = output([1, 1, 1, 1]);
      backend.run({ op: 'conv2d', epilogue: plain(1) }, [codes([2], [1, 1, 1, 1])], out, prepared);
      return backend.download(out).data[0];
    };
    const binary = f(f(step * -2) + f(base * -1));
    expect(run(apb([1, -1], 1, 1))).toBe(binary);
    expect(run(apb([1, -1], 1, 1, { 1: 3 }))).toBe(f(binary + f(f(step * 8) + f(base * 4))));
    // The full-precision weight lies outside: its row still has a sparse term, of value 0.
    expect(run(apb([1, -1], 1, 1, { 0: 3 }))).toBe(binary);
  });
});

describe('refusals', () => {
  const geometry: ConvGeometry = {
    inChannels: 4,
    outChannels: 2,
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [1, 1, 1, 1],
    groups: 2,
  };
  const float = (rows: number, k: number, values = new Float32Array(rows * k)): KernelWeights => ({
    kind: 'float',
    rows,
    k,
    values,
  });

  const weights: [
    name: string,
    weights: KernelWeights,
    use: Parameters<KernelBackend['prepareWeights']>[1],
    message: RegExp,
  ][] = [
    ['a NaN', float(1, 2, Float32Array.of(0, Number.NaN)), { activationBits: 32 }, /NaN at index 1/],
    ['too few values', float(1, 2, new Float32Array(1)), { activationBits: 32 }, /need 2 values, got 1/],
    ['no product', float(1, 2), { activationBits: 2 }, /no product 32\/2/],
    ['the wrong shape', float(2, 17), { activationBits: 32, geometry }, /must be \[2, ?18\], got \[2, ?17\]/],
    [
      'groups that do not divide',
      float(2, 18),
      { activationBits: 32, geometry: { ...geometry, groups: 3 } },
      /3 groups do not divide/,
    ],
    [
      'a stride of 0',
      float(2, 18),
      { activationBits: 32, geometry: { ...geometry, strides: [0, 1] } },
      /strides .* 0/,
    ],
    [
      'a negative pad',
      float(2, 18),
      { activationBits: 32, geometry: { ...geometry, pads: [0, -1, 0, 0] } },
      /pads .* -1/,
    ],
    ['a scale of 0', apb([1, 1], 1, 0), { activationBits: 2 }, /scale 0/],
    [
      'too many scales',
      { ...apb([1, 1], 1, 1), scales: new Float32Array(2).fill(1) } as KernelWeights,
      { activationBits: 2 },
      /scales must be 1 or 1/,
    ],
    ['a position outside', apb([1, 1], 1, 1, { 2: 1 }), { activationBits: 2 }, /position 2 is outside/],
    [
      'positions out of order',
      { ...apb([1, 1], 1, 1), positions: Uint32Array.of(1, 0), values: new Float32Array(2) } as KernelWeights,
      { activationBits: 2 },
      /ascend/,
    ],
    [
      'a position twice',
      { ...apb([1, 1], 1, 1), positions: Uint32Array.of(1, 1), values: new Float32Array(2) } as KernelWeights,
      { activationBits: 2 },
      /ascend/,
    ],
    [
      'a value missing',
      { ...apb([1, 1], 1, 1), positions: Uint32Array.of(1) } as KernelWeights,
      { activationBits: 2 },
      /1 positions do not match 0/,
    ],
    [
      'an infinite value',
      apb([1, 1], 1, 1, { 1: Number.POSITIVE_INFINITY }),
      { activationBits: 2 },
      /Infinity/,
    ],
    [
      'planes of the wrong kind',
      { kind: 'twoBit', codes: packSigns(new Float32Array(2), 1, 2), scales: Float32Array.of(1) },
      { activationBits: 2 },
      /2-bit code planes/,
    ],
  ];
  for (const [name, w, use, message] of weights)
    it(`weights with ${name}`, () => {
      expect(() => backend.prepareWeights(w, use)).toThrow(message);
    });

  it('sums that could leave 32 bits, from the exact bound on', () => {
    // 2^31 = 255 * 8421504.5, so 8421504 terms of 8-bit codes fit and one more does not.
    const most = Math.floor((2 ** 31 - 1) / 255);
    const zeros = (k: number): KernelWeights => ({
      kind: 'apb',
      signs: { kind: 'sign', bits: 1, rows: 1, k, words: new Uint32Array(Math.ceil(k / 32)) },
      scales: Float32Array.of(1),
      positions: new Uint32Array(0),
      values: new Float32Array(0),
    });
    expect(() => backend.prepareWeights(zeros(most + 1), { activationBits: 8 })).toThrow(RangeError);
    expect(backend.prepareWeights(zeros(most), { activationBits: 8 }).k).toBe(most);
  });

  const relu: Op = { op: 'activate', activation: { kind: 'relu' } };
  const square = { window: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] } as const;
  const runs: [
    name: string,
    op: Op,
    inputs: () => DeviceBuffer[],
    out: () => DeviceBuffer,
    message: RegExp,
  ][] = [
    [
      'an output of another shape',
      relu,
      () => [floats([1], [1])],
      () => output([2]),
      /must be \[1\], got \[2\]/,
    ],
    ['planes for floats', relu, () => [codes([1], [1, 1])], () => output([1, 1]), /float buffer is needed/],
    [
      'floats for planes',
      { op: 'dequantize' },
      () => [floats([1], [1, 1])],
      () => output([1, 1]),
      /planes are needed/,
    ],
    ['no input', relu, () => [], () => output([1]), /takes 1 inputs, got 0/],
    [
      'one input for two',
      { op: 'add', activation: { kind: 'none' } },
      () => [floats([1], [1])],
      () => output([1]),
      /takes 2 inputs, got 1/,
    ],
    [
      'inputs of two shapes',
      { op: 'add', activation: { kind: 'none' } },
      () => [floats([1], [1]), floats([1], [1, 1])],
      () => output([1]),
      /second input/,
    ],
    [
      'another encoding',
      { op: 'quantize', quantizer: two },
      () => [floats([1], [1, 1])],
      () => backend.alloc({ kind: 'planes', shape: [1, 1], encoding: { ...twoBits, step: 1 } }),
      /another encoding/,
    ],
    [
      'too few slopes',
      { op: 'activate', activation: { kind: 'prelu', slopes: new Float32Array(1) } },
      () => [floats([1, 1], [2])],
      () => output([2]),
      /prelu slopes needs 2/,
    ],
    [
      'an empty clamp',
      { op: 'activate', activation: { kind: 'clamp', min: 1, max: 0 } },
      () => [floats([1], [1])],
      () => output([1]),
      /min <= max/,
    ],
    [
      'an infinite scale',
      {
        op: 'affine',
        scale: Float32Array.of(Number.POSITIVE_INFINITY),
        shift: Float32Array.of(0),
        activation: { kind: 'none' },
      },
      () => [floats([1], [1])],
      () => output([1]),
      /affine scale holds Infinity/,
    ],
    [
      'pads as large as the window',
      { op: 'maxPool', geometry: { ...square, pads: [0, 2, 0, 0] } },
      () => [floats([1, 1, 1, 1], [1, 2, 2, 1])],
      () => output([1, 1, 3, 1]),
      /smaller than the window/,
    ],
    [
      'a window larger than the picture',
      { op: 'maxPool', geometry: square },
      () => [floats([1], [1, 1, 1, 1])],
      () => output([1, 1, 1, 1]),
      /does not fit/,
    ],
    [
      'too many elements',
      { op: 'reshape' },
      () => [floats([1, 2], [2])],
      () => output([3]),
      /cannot be reshaped/,
    ],
    [
      'an unknown operation',
      { op: 'toString' } as unknown as Op,
      () => [floats([1], [1])],
      () => output([1]),
      /no operation toString/,
    ],
    [
      'no weights for a layer',
      { op: 'gemm', epilogue: plain(1) },
      () => [floats([1], [1, 1])],
      () => output([1, 1]),
      /needs prepared weights/,
    ],
  ];
  for (const [name, op, inputs, out, message] of runs)
    it(`${op.op} with ${name}`, () => {
      expect(() => backend.run(op, inputs(), out())).toThrow(message);
    });

  it('an output that is an input, and weights where none belong', () => {
    const x = floats([1], [1]);
    expect(() => backend.run(relu, [x], x)).toThrow(/must not be one of its inputs/);
    const prepared = backend.prepareWeights(float(1, 1), { activationBits: 32 });
    expect(() => backend.run(relu, [x], output([1]), prepared)).toThrow(/takes no weights/);
  });

  it('activations of another width or kind than the weights were prepared for', () => {
    const prepared = backend.prepareWeights(apb([1, 1], 1, 1), { activationBits: 4 });
    const run = (x: DeviceBuffer) => () =>
      backend.run({ op: 'gemm', epilogue: plain(1) }, [x], output([1, 1]), prepared);
    expect(run(codes([1, 1], [1, 2]))).toThrow(/prepared for 1\/4 cannot meet 2-bit/);
    expect(run(floats([1, 1], [1, 2]))).toThrow(/cannot meet 32-bit/);
  });

  it('values that are not finite, naming what holds them', () => {
    expect(() => floats([0, Number.NaN], [2])).toThrow('the input holds NaN at index 1');
    expect(() => backend.upload(tensor([1], Float32Array.of(-Infinity)), 'picture 3')).toThrow(
      'picture 3 holds -Infinity',
    );
  });

  it('encodings and quantizers that are not float32', () => {
    expect(() =>
      backend.alloc({ kind: 'planes', shape: [1, 1], encoding: { ...twoBits, step: 0.1 } }),
    ).toThrow(/not a finite float32/);
    const quantizer = { ...two, inv: 100 };
    const out = backend.alloc({ kind: 'planes', shape: [1, 1], encoding: twoBits });
    expect(() => backend.run({ op: 'quantize', quantizer }, [floats([1], [1, 1])], out)).toThrow(/inv 100/);
  });

  it('planes with bits in their padding', () => {
    const planes = packSigns(new Float32Array(3), 1, 3);
    planes.words[0] = 8;
    expect(() => backend.importPlanes(planes, { kind: 'sign', bits: 1, scale: 1 })).toThrow(/padding bits/);
  });
});

describe('life', () => {
  it('begins with init and ends with dispose, for everything it made', async () => {
    const fresh = createReferenceBackend();
    expect(() => fresh.alloc({ kind: 'float', shape: [1] })).toThrow(/init/);
    expect(() => fresh.capabilities).toThrow(/init/);
    await expect(fresh.init({ isa: 'avx2' })).rejects.toThrow(/no instruction set avx2/);

    const x = floats([1], [1, 1]);
    const prepared = backend.prepareWeights(
      { kind: 'float', rows: 1, k: 1, values: Float32Array.of(1) },
      { activationBits: 32 },
    );
    const layer = (w: PreparedWeights) => () =>
      backend.run({ op: 'gemm', epilogue: plain(1) }, [x], output([1, 1]), w);
    layer(prepared)();
    prepared.dispose();
    prepared.dispose();
    expect(layer(prepared)).toThrow(/weights have been disposed/);
    x.dispose();
    x.dispose();
    expect(() => backend.download(x)).toThrow(/buffer has been disposed/);
    const y = floats([1], [1]);
    backend.dispose();
    expect(() => backend.download(y)).toThrow(/backend has been disposed/);
    await expect(backend.init()).rejects.toThrow(/disposed/);
  });

  it('knows its own buffers and weights', async () => {
    const other = createReferenceBackend();
    await other.init();
    const x = other.upload(tensor([1, 1]));
    expect(() => backend.download(x)).toThrow(/belongs to another backend/);
    const prepared = other.prepareWeights(
      { kind: 'float', rows: 1, k: 1, values: Float32Array.of(1) },
      { activationBits: 32 },
    );
    expect(() =>
      backend.run({ op: 'gemm', epilogue: plain(1) }, [floats([1], [1, 1])], output([1, 1]), prepared),
    ).toThrow(/prepared by another backend/);
  });

  it('never hands out memory that looks like a result', () => {
    expect([...backend.download(output([3])).data]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    const planes = backend.exportPlanes(backend.alloc({ kind: 'planes', shape: [2, 40], encoding: twoBits }));
    expect(planes.words.every(w => w !== 0)).toBe(true);
  });

  it('copies what goes in and out', () => {
    const values = Float32Array.of(1, 2);
    const x = backend.upload(tensor([2], values));
    values.fill(9);
    const out = backend.download(x);
    out.data.fill(7);
    expect([...backend.download(x).data]).toEqual([1, 2]);
  });
});
