import { isUnusable, opNames } from '@apb/core';
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

describe('where SIMD is', () => {
  it('prefers it, and runs the scalar build on demand', async () => {
    const probe = await createWasmBackend().probe();
    expect(probe).toEqual({ isas: ['simd128', 'scalar'], isa: 'simd128', threads: 1, ops: new Set(opNames) });
    const backend = createWasmBackend();
    await backend.init({ isa: 'scalar' });
    expect(backend.capabilities.isa).toBe('scalar');
    backend.dispose();
  });

  it('names the instruction sets when an unknown one is forced', async () => {
    await expect(createWasmBackend().init({ isa: 'avx2' })).rejects.toMatchObject({
      name: 'InputError',
      message: 'the wasm backend has no instruction set avx2 here; it has simd128, scalar',
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
      'the simd128 kernels of @apb/kernels-wasm do not load: invalid opcode; install the package again',
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
