import {
  type BufferSpec,
  type Capabilities,
  encodingOf,
  type KernelBackend,
  type Op,
  packSigns,
  tensor,
  uniformQuantizer,
} from '@apb/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createNativeBackend } from '../src/index.js';
import { loadAddon } from '../src/load.js';

const made: KernelBackend[] = [];

afterEach(() => {
  for (const backend of made.splice(0)) backend.dispose();
});

async function start(isa?: string): Promise<KernelBackend> {
  const backend = createNativeBackend();
  made.push(backend);
  await backend.init({ isa });
  return backend;
}

const wave = (size: number) => Float32Array.from({ length: size }, (_, i) => Math.fround(Math.sin(i * 1.7)));

describe('instruction sets', () => {
  it('always has the portable one, last', async () => {
    const { isas, isa } = (await createNativeBackend().probe()) as Capabilities;
    expect(isas.at(-1)).toBe('portable');
    expect(isa).toBe(isas[0]);
  });

  it('runs the one that is forced', async () => {
    for (const isa of loadAddon().isas()) expect((await start(isa)).capabilities.isa).toBe(isa);
  });

  it('refuses one that is absent and names those there are', async () => {
    await expect(start('sve9')).rejects.toThrow(/no instruction set sve9 on this machine; it has .*portable/);
  });

  it('refuses a thread limit that is no count', async () => {
    for (const threads of [0, 1.5, Number.NaN, 257])
      await expect(createNativeBackend().init({ threads })).rejects.toThrow(
        `threads must be a whole number from 1 to 256, got ${threads}`,
      );
  });
});

describe('results do not depend on the number of threads', () => {
  const [side, channels, k] = [40, 64, 9 * 64];
  const geometry = {
    inChannels: channels,
    outChannels: channels,
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [1, 1, 1, 1],
    groups: 1,
  } as const;
  const values = wave(side * side * channels);
  const scale = new Float32Array(channels).fill(0.01);
  const epilogue = { scale, shift: scale, activation: { kind: 'relu' } } as const;

  /** A convolution with enough work for several threads, from float input quantized to `bits`. */
  async function convolve(isa: string, threads: number, bits: 1 | 2 | 8 | 32): Promise<Float32Array> {
    const backend = createNativeBackend();
    await backend.init({ isa, threads });
    const { words } = packSigns(wave(channels * k), channels, k);
    const weights = backend.prepareWeights(
      {
        kind: 'apb',
        signs: { kind: 'sign', bits: 1, rows: channels, k, words },
        scales: Float32Array.of(0.5),
        positions: Uint32Array.from({ length: 300 }, (_, i) => i * 100),
        values: wave(300),
      },
      { activationBits: bits, geometry },
    );
    let x = backend.upload(tensor([1, side, side, channels], values));
    if (bits !== 32) {
      const quantizer = bits === 1 ? ({ kind: 'sign', scale: 1 } as const) : uniformQuantizer(bits, -1, 1);
      const encoding = encodingOf(quantizer);
      const planes = backend.alloc({ kind: 'planes', shape: x.spec.shape, encoding });
      backend.run({ op: 'quantize', quantizer }, [x], planes);
      x = planes;
    }
    const out = backend.alloc({ kind: 'float', shape: [1, side, side, channels] });
    backend.run({ op: 'conv2d', epilogue }, [x], out, weights);
    const { data } = backend.download(out);
    backend.dispose();
    return data;
  }

  for (const isa of loadAddon().isas())
    it.each([1, 2, 8, 32] as const)(`${isa}: 1/%i on 1, 2, 3 and 64 threads`, async bits => {
      const one = await convolve(isa, 1, bits);
      for (const threads of [2, 3, 64]) expect(await convolve(isa, threads, bits)).toEqual(one);
    });
});

describe('row by row operations do not depend on the number of threads', () => {
  const shape = [3, 61, 53, 24]; // about 230,000 values: seven tasks' worth, and ragged
  const data = wave(3 * 61 * 53 * 24);
  const activation = { kind: 'prelu', slopes: wave(24) } as const;
  const geometry = { window: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } as const;
  const floats = (...sizes: number[]): BufferSpec => ({ kind: 'float', shape: sizes });
  const quantizers = [
    { kind: 'sign', scale: 1 } as const,
    uniformQuantizer(2, -1, 1),
    uniformQuantizer(8, -1, 1),
  ];
  const cases: readonly (readonly [Op, BufferSpec])[] = [
    [{ op: 'add', activation }, floats(...shape)],
    [{ op: 'affine', scale: wave(24), shift: wave(24), activation }, floats(...shape)],
    [{ op: 'activate', activation }, floats(...shape)],
    [{ op: 'softmax' }, floats(...shape)],
    [{ op: 'maxPool', geometry }, floats(3, 31, 27, 24)],
    [{ op: 'avgPool', geometry, countPadding: false }, floats(3, 31, 27, 24)],
    [{ op: 'globalAvgPool' }, floats(3, 24)],
  ];

  /** Results of all operations: the floats, and what quantized values are worth. */
  async function results(isa: string, threads: number): Promise<Float32Array[]> {
    const backend = createNativeBackend();
    await backend.init({ isa, threads });
    const x = backend.upload(tensor(shape, data));
    const found = cases.map(([op, spec]) => {
      const out = backend.alloc(spec);
      backend.run(op, op.op === 'add' ? [x, x] : [x], out);
      return backend.download(out).data;
    });
    for (const quantizer of quantizers) {
      const planes = backend.alloc({ kind: 'planes', shape, encoding: encodingOf(quantizer) });
      const out = backend.alloc(floats(...shape));
      backend.run({ op: 'quantize', quantizer }, [x], planes);
      backend.run({ op: 'dequantize' }, [planes], out);
      found.push(backend.download(out).data);
    }
    backend.dispose();
    return found;
  }

  it.each(loadAddon().isas())('%s: 1, 2, 3 and 8 threads', async isa => {
    const bits = (all: Float32Array[]) => all.map(values => Buffer.from(values.buffer));
    const one = bits(await results(isa, 1));
    for (const threads of [2, 3, 8])
      bits(await results(isa, threads)).forEach((got, i) => {
        expect(got.equals(one[i]), `result ${i} on ${threads} threads`).toBe(true);
      });
  });
});

describe('results do not depend on the batch', () => {
  // A float product sums in the order of k for every row, so a picture's numbers are its own.
  it.each(loadAddon().isas())('%s: rows alone and together give the same bits', async isa => {
    const backend = await start(isa);
    const [m, n, k] = [101, 19, 300];
    const weights = backend.prepareWeights(
      { kind: 'float', rows: n, k, values: wave(n * k) },
      { activationBits: 32 },
    );
    const epilogue = {
      scale: new Float32Array(n).fill(1),
      shift: new Float32Array(n),
      activation: { kind: 'none' },
    } as const;
    const product = (rows: number, data: Float32Array) => {
      const x = backend.upload(tensor([rows, k], data));
      const out = backend.alloc({ kind: 'float', shape: [rows, n] });
      backend.run({ op: 'gemm', epilogue }, [x], out, weights);
      return backend.download(out).data;
    };
    const x = wave(m * k);
    const together = product(m, x);
    for (let i = 0; i < m; i++)
      expect(product(1, x.subarray(i * k, (i + 1) * k))).toEqual(together.subarray(i * n, (i + 1) * n));
  });
});

describe('memory', () => {
  it('counts packed weights at about a bit each', async () => {
    const backend = await start();
    const [rows, k] = [64, 1152];
    const prepared = backend.prepareWeights(
      {
        kind: 'apb',
        signs: { kind: 'sign', bits: 1, rows, k, words: new Uint32Array((rows * k) / 32) },
        scales: Float32Array.of(1),
        positions: new Uint32Array(0),
        values: new Float32Array(0),
      },
      { activationBits: 32 },
    );
    expect(prepared.bytes).toBeGreaterThanOrEqual((rows * k) / 8);
    expect(prepared.bytes).toBeLessThan(1.1 * ((rows * k) / 8));
  });

  // The handles of 1 GiB of buffers take a few kilobytes of JavaScript memory: only reported native memory makes
  // the engine collect them.
  it('is collected when nobody disposes of it', async () => {
    const backend = await start();
    let collected = 0;
    const registry = new FinalizationRegistry<undefined>(() => collected++);
    for (let i = 0; i < 256; i++) {
      registry.register(backend.alloc({ kind: 'float', shape: [1 << 20] }), undefined);
      await new Promise(setImmediate);
    }
    expect(collected).toBeGreaterThan(0);
  });

  it('is gone with the backend, buffers stay safe to touch', async () => {
    const backend = await start();
    const buffer = backend.alloc({ kind: 'float', shape: [4] });
    backend.dispose();
    expect(() => backend.download(buffer)).toThrow('disposed');
    buffer.dispose();
    buffer.dispose();
  });

  it('refuses shapes beyond memory without allocating', async () => {
    const backend = await start();
    expect(() => backend.alloc({ kind: 'float', shape: [2 ** 52, 2 ** 52] })).toThrow(RangeError);
    expect(() => backend.alloc({ kind: 'float', shape: [2 ** 50] })).toThrow(RangeError);
  });

  it("keeps one backend's memory out of another", async () => {
    const [a, b] = [await start(), await start()];
    const buffer = a.upload(tensor([2], Float32Array.of(1, 2)));
    expect(() => b.download(buffer)).toThrow('another backend');
  });
});

describe('the addon itself', () => {
  // What TypeScript forbids must still not crash the process.
  const addon = loadAddon() as unknown as Record<string, (...args: unknown[]) => unknown>;

  it.each([
    ['release', []],
    ['release', [{}]],
    ['alloc', [null, [1], undefined]],
    ['open', [7]],
    ['run', [addon.open('portable', 1), { op: 'add' }, [], undefined]],
    ['write', [addon.open('portable', 1), new Float32Array(1)]],
    ['prepare', [addon.open('portable', 1), { rows: 1, k: 64, bits: 1 }, 1, undefined]],
  ] as const)('%s refuses %j', (name, args) => {
    expect(() => addon[name](...args)).toThrow();
  });

  it('refuses arrays of the wrong length and type', () => {
    const block = addon.alloc(addon.open('portable', 1), [4], undefined);
    expect(() => addon.write(block, new Float32Array(5))).toThrow('4 elements');
    expect(() => addon.read(block, new Float64Array(4))).toThrow('Float32Array');
    expect(() => addon.readPlanes(block, new Uint32Array(1))).toThrow('planes are needed');
  });
});
