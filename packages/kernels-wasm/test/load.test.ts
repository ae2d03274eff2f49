import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { isUnusable, type KernelBackend, opNames } from '@apb/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWasmBackend } from '../dist/index.js';

const original = globalThis.WebAssembly;

/** Replaces parts of WebAssembly, as an older or stricter engine would have them. */
function stub(parts: object): void {
  vi.stubGlobal('WebAssembly', Object.create(original, Object.getOwnPropertyDescriptors(parts)));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const ALL = ['relaxed-simd', 'simd128', 'scalar'];

describe('where SIMD is', () => {
  it('prefers it, relaxed if there is, and runs the other builds on demand', async () => {
    const probe = await createWasmBackend().probe();
    expect(probe).toEqual({ isas: ALL, isa: 'relaxed-simd', threads: 1, ops: new Set(opNames) });
    for (const isa of ALL) {
      const backend = createWasmBackend();
      await backend.init({ isa });
      expect(backend.capabilities.isa).toBe(isa);
      backend.dispose();
    }
  });

  it('does without relaxed SIMD', async () => {
    // Opcodes of relaxed SIMD take another byte: its test is the longer one.
    stub({ validate: (bytes: Uint8Array) => bytes.length < 36 && original.validate(bytes as BufferSource) });
    expect(await createWasmBackend().probe()).toMatchObject({ isas: ['simd128', 'scalar'], isa: 'simd128' });
  });

  it('names the instruction sets when an unknown one is forced', async () => {
    await expect(createWasmBackend().init({ isa: 'avx2' })).rejects.toMatchObject({
      name: 'InputError',
      message: 'the wasm backend has no instruction set avx2 here; it has relaxed-simd, simd128, scalar',
    });
  });

  it('refuses a thread count that is none', async () => {
    for (const threads of [0, 1.5, Number.NaN])
      await expect(createWasmBackend().init({ threads })).rejects.toThrow('threads must be a whole number');
  });
});

describe('where SIMD is not', () => {
  it('falls back to scalar, and refuses simd128', async () => {
    stub({ validate: () => false });
    expect(await createWasmBackend().probe()).toMatchObject({ isas: ['scalar'], isa: 'scalar' });
    const backend = createWasmBackend();
    await backend.init();
    expect(backend.capabilities).toMatchObject({ isas: ['scalar'], isa: 'scalar' });
    backend.dispose();
    await expect(createWasmBackend().init({ isa: 'simd128' })).rejects.toThrow('it has scalar');
  });
});

describe('where WebAssembly does not work', () => {
  it('says that it is absent', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    const probe = await createWasmBackend().probe();
    expect(isUnusable(probe) && probe.unusable).toBe('This JavaScript engine has no WebAssembly.');
    await expect(createWasmBackend().init()).rejects.toThrow('no WebAssembly. Use Node 20');
  });

  it('says that a content security policy forbids it, and the fix', async () => {
    stub({
      Module: class {
        constructor() {
          throw new original.CompileError('Wasm code generation disallowed by embedder.');
        }
      },
    });
    const probe = await createWasmBackend().probe();
    expect(probe).toEqual({
      unusable: 'WebAssembly may not compile code here: Wasm code generation disallowed by embedder.',
      fix: "If the page has a content security policy, add 'wasm-unsafe-eval' to its script-src.",
    });
  });

  it('says which kernels do not compile, and tries again later', async () => {
    // A module registry of its own, so that no earlier test has compiled this build already.
    vi.resetModules();
    const fresh = await import('../dist/index.js');
    stub({ compile: () => Promise.reject(new original.CompileError('invalid opcode')) });
    await expect(fresh.createWasmBackend().init()).rejects.toThrow(
      'the relaxed-simd kernels of @apb/kernels-wasm do not load: invalid opcode; install the package again',
    );
    vi.unstubAllGlobals();
    const backend = fresh.createWasmBackend();
    await backend.init();
    backend.dispose();
  });

  it('says that no memory can be reserved', async () => {
    stub({
      Memory: class {
        constructor() {
          throw new RangeError('could not allocate memory');
        }
      },
    });
    await expect(createWasmBackend().init()).rejects.toThrow(
      'the wasm backend cannot reserve its memory: could not allocate memory; dispose backends',
    );
  });
});

describe('binaries that the user gives', () => {
  const file = (isa: string) =>
    readFile(createRequire(import.meta.url).resolve(`@apb/kernels-wasm/${isa}.wasm`));

  async function relu(backend: KernelBackend): Promise<number[]> {
    const x = backend.upload({ shape: [2], data: Float32Array.of(-1, 2) });
    const out = backend.alloc({ kind: 'float', shape: [2] });
    backend.run({ op: 'activate', activation: { kind: 'relu' } }, [x], out);
    const values = [...backend.download(out).data];
    backend.dispose();
    return values;
  }

  it('come as bytes, as a module, or from an address', async () => {
    const bytes = await file('simd128');
    const server = createServer((request, response) => {
      if (request.url === '/simd128.wasm') response.end(bytes);
      else response.writeHead(404).end();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/simd128.wasm`;
      for (const simd128 of [bytes, await WebAssembly.compile(bytes), url, new URL(url)]) {
        const backend = createWasmBackend({ wasm: { simd128 } });
        await backend.init();
        expect(backend.capabilities).toMatchObject({ isas: ['simd128'], isa: 'simd128' });
        expect(await relu(backend)).toEqual([0, 2]);
      }
      const absent = createWasmBackend({ wasm: { simd128: `${url}.gz` } });
      await expect(absent.init()).rejects.toThrow(
        `the binary given for simd128 does not load from ${url}.gz: the server answers 404`,
      );
    } finally {
      server.close();
    }
  });

  it('are the only instruction sets then', async () => {
    const scalar = await file('scalar');
    const backend = createWasmBackend({ wasm: { scalar } });
    await expect(backend.init({ isa: 'simd128' })).rejects.toThrow(
      'no instruction set simd128 here; it has scalar',
    );
    stub({ validate: () => false });
    const probe = await createWasmBackend({ wasm: { simd128: await file('simd128') } }).probe();
    expect(isUnusable(probe) && probe.unusable).toBe(
      'This JavaScript engine runs none of the given kernel binaries (simd128).',
    );
  });

  it('are refused when they are no kernels, naming the instruction set', async () => {
    const init = (scalar: Uint8Array<ArrayBuffer>) => createWasmBackend({ wasm: { scalar } }).init();
    await expect(init(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(/^the binary given for scalar does not load: .*magic word/),
    });
    await expect(init(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).rejects.toThrow(
      'the binary given for scalar is not of this version of @apb/kernels-wasm',
    );
  });
});
