import { allocPlanes, type ConvGeometry, encodingOf, type KernelWeights, uniformQuantizer } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { createWasmBackend, type WasmBackend } from '../dist/index.js';

const CYCLES = 1_000;
const none = { kind: 'none' } as const;
const geometry: ConvGeometry = {
  inChannels: 5,
  outChannels: 7,
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
  groups: 1,
};
const weights: KernelWeights = {
  kind: 'apb',
  signs: allocPlanes('sign', 1, 7, 45),
  scales: Float32Array.of(0.5),
  positions: Uint32Array.of(0, 50),
  values: Float32Array.of(1, -1),
};
const epilogue = { scale: new Float32Array(7).fill(1), shift: new Float32Array(7), activation: none };

async function ready(options = {}): Promise<WasmBackend> {
  const backend = createWasmBackend(options);
  await backend.init();
  return backend;
}

/** One of everything that takes memory: buffers, planes, weights, scratch of a convolution. */
function cycle(backend: WasmBackend): void {
  const quantizer = uniformQuantizer(2, 0, 3);
  const x = backend.upload({ shape: [1, 4, 4, 5], data: new Float32Array(80).fill(2) });
  const planes = backend.alloc({ kind: 'planes', shape: [1, 4, 4, 5], encoding: encodingOf(quantizer) });
  const out = backend.alloc({ kind: 'float', shape: [1, 4, 4, 7] });
  const prepared = backend.prepareWeights(weights, { activationBits: 2, geometry });
  backend.run({ op: 'quantize', quantizer }, [x], planes);
  backend.run({ op: 'conv2d', epilogue }, [planes], out, prepared);
  for (const thing of [x, planes, out, prepared]) thing.dispose();
}

describe('memory of a backend', () => {
  it(`stays flat over ${CYCLES} cycles of make, use, dispose`, async () => {
    const backend = await ready();
    cycle(backend);
    const after = backend.memoryUsage();
    expect(after.inUse).toBe(0);
    for (let i = 0; i < CYCLES; i++) cycle(backend);
    expect(backend.memoryUsage()).toEqual(after);
    backend.dispose();
  });

  it(`is let go of by ${CYCLES} backends that are made and disposed`, async () => {
    // Undisposed they would reserve 8 GiB of addresses each, which no process has a thousand times.
    for (let i = 0; i < CYCLES; i++) (await ready()).dispose();
  });

  it('counts the bytes of prepared weights and gives them back', async () => {
    const backend = await ready();
    for (const activationBits of [1, 2, 32] as const) {
      const prepared = backend.prepareWeights(weights, { activationBits, geometry });
      // Scales of integer products are held outside wasm memory: 7 rows padded to 16.
      const outside = activationBits === 32 ? 0 : 4 * 16;
      expect(prepared.bytes).toBe(backend.memoryUsage().inUse + outside);
      prepared.dispose();
      prepared.dispose();
      expect(backend.memoryUsage().inUse).toBe(0);
    }
    backend.dispose();
  });

  it('keeps compressed weights at about a bit each for float input', async () => {
    const backend = await ready();
    const rows = 64;
    const k = 4_608;
    const signs = allocPlanes('sign', 1, rows, k);
    const packed: KernelWeights = {
      ...weights,
      signs,
      positions: new Uint32Array(),
      values: new Float32Array(),
    };
    const prepared = backend.prepareWeights(packed, { activationBits: 32 });
    // Scales and row starts are 8 bytes a row; five blocks have at most 31 bytes of padding each.
    expect(prepared.bytes).toBeLessThanOrEqual((rows * k) / 8 + 8 * rows + 4 + 5 * 31);
    backend.dispose();
  });

  it('takes back what a failed preparation and a failed operation had allocated', async () => {
    const backend = await ready();
    // Signs of the opposite sign: the correction overflows after the panels were packed.
    const huge = { ...weights, scales: Float32Array.of(3e38), values: Float32Array.of(1, -3e38) };
    expect(() => backend.prepareWeights(huge, { activationBits: 1, geometry })).toThrow('residual');
    expect(backend.memoryUsage().inUse).toBe(0);
    const x = backend.upload({ shape: [2, 3], data: new Float32Array(6) });
    const out = backend.alloc({ kind: 'float', shape: [2, 3] });
    const before = backend.memoryUsage().inUse;
    const slopes = new Float32Array(2);
    expect(() => backend.run({ op: 'activate', activation: { kind: 'prelu', slopes } }, [x], out)).toThrow(
      'prelu slopes needs 3 values',
    );
    expect(() =>
      backend.importPlanes(allocPlanes('sign', 1, 2, 3), { kind: 'sign', bits: 1, scale: 1 }, [3, 2]),
    ).toThrow('do not fit');
    expect(backend.memoryUsage().inUse).toBe(before);
    backend.dispose();
  });

  it('ends with a clear error at the limit the user gave, and goes on after that', async () => {
    const backend = await ready({ maxMemory: 2 * 2 ** 20 });
    expect(() => backend.alloc({ kind: 'float', shape: [2 ** 20] })).toThrow(
      /needs .* MiB more memory but cannot have it .*2\.0 MiB allowed/,
    );
    cycle(backend);
    backend.dispose();
  });

  it('refuses padding that would make lines of activations many times longer', async () => {
    const backend = await ready();
    const width = 2_000_000;
    const wide = { ...geometry, pads: [0, width, 0, 0], dilations: [1, width / 2] } as const;
    const prepared = backend.prepareWeights(weights, { activationBits: 2, geometry: wide });
    const planes = backend.alloc({
      kind: 'planes',
      shape: [1, 4, 4, 5],
      encoding: encodingOf(uniformQuantizer(2, 0, 3)),
    });
    const out = backend.alloc({ kind: 'float', shape: [1, 2, 4, 7] });
    const before = backend.memoryUsage();
    expect(() => backend.run({ op: 'conv2d', epilogue }, [planes], out, prepared)).toThrow(
      'the padding of this convolution makes its input more than 64 times larger; pad less',
    );
    expect(backend.memoryUsage().inUse).toBe(before.inUse);
    expect(backend.memoryUsage().reserved).toBeLessThan(before.reserved + 2 ** 20);
    backend.dispose();
  });

  it('refuses more than wasm can address', async () => {
    const backend = await ready();
    expect(() => backend.alloc({ kind: 'float', shape: [2 ** 31] })).toThrow('4096.0 MiB allowed');
    backend.dispose();
  });

  it('hands out copies: results outlive growth and dispose', async () => {
    const backend = await ready();
    const data = Float32Array.of(1, 2, 3);
    const x = backend.upload({ shape: [3], data });
    const result = backend.download(x).data;
    data[0] = 9;
    backend.alloc({ kind: 'float', shape: [2 ** 20] });
    expect([...backend.download(x).data]).toEqual([1, 2, 3]);
    backend.dispose();
    expect([...result]).toEqual([1, 2, 3]);
  });
});

describe('life', () => {
  it('starts with init and ends with dispose', async () => {
    const backend = createWasmBackend();
    expect(() => backend.capabilities).toThrow('call init()');
    expect(() => backend.alloc({ kind: 'float', shape: [1] })).toThrow('call init()');
    await backend.init();
    await expect(backend.init()).rejects.toThrow('initialised already');
    const x = backend.alloc({ kind: 'float', shape: [1] });
    const prepared = backend.prepareWeights(weights, { activationBits: 2, geometry });
    backend.dispose();
    backend.dispose();
    x.dispose();
    prepared.dispose();
    expect(() => backend.memoryUsage()).toThrow('has been disposed');
    await expect(backend.init()).rejects.toThrow('has been disposed');
  });

  it('notices a buffer that was disposed even where there is nothing to compute', async () => {
    const backend = await ready();
    const x = backend.upload({ shape: [0, 3], data: new Float32Array() });
    const out = backend.alloc({ kind: 'float', shape: [0, 3] });
    x.dispose();
    expect(() => backend.run({ op: 'activate', activation: none }, [x], out)).toThrow('has been disposed');
    backend.dispose();
  });

  it('ends at once when disposed during init', async () => {
    const backend = createWasmBackend();
    const starting = backend.init();
    backend.dispose();
    await starting;
    expect(() => backend.capabilities).toThrow('has been disposed');
  });
});
