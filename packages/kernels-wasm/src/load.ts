import { InputError, type Unusable } from '@apb/core';
import type { Kernels } from './kernels.js';
import { LARGEST_MEMORY, WasmMemory } from './memory.js';

export type Isa = 'simd128' | 'scalar';

/** A function that returns i8x16.popcnt(i8x16.splat(0)): valid exactly where 128-bit SIMD is. */
// biome-ignore format: one section a line
const SIMD_MODULE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b,
  0x03, 0x02, 0x01, 0x00,
  0x0a, 0x0a, 0x01, 0x08, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x62, 0x0b,
);
const EMPTY_MODULE = SIMD_MODULE.slice(0, 8);

/** Pages of a new memory: 1 MiB. */
const FIRST_PAGES = 16;

/** The binaries, inlined as base64 (scripts/build.mjs says why); imported when needed, so only one is loaded. */
const binaries: Record<Isa, () => Promise<{ readonly default: string }>> = {
  simd128: () => import('./wasm/simd128.js'),
  scalar: () => import('./wasm/scalar.js'),
};

/** Compiled once per process: any number of instances share the code. */
const modules = new Map<Isa, Promise<WebAssembly.Module>>();

/** Why WebAssembly cannot run here, or undefined. */
export function whyUnusable(): Unusable | undefined {
  if (typeof WebAssembly !== 'object')
    return {
      unusable: 'This JavaScript engine has no WebAssembly.',
      fix: 'Use Node 20 or newer, or a browser from 2017 or later, without flags that switch WebAssembly off.',
    };
  try {
    new WebAssembly.Module(EMPTY_MODULE);
    return undefined;
  } catch (error) {
    return {
      unusable: `WebAssembly may not compile code here: ${messageOf(error)}.`,
      fix: "If the page has a content security policy, add 'wasm-unsafe-eval' to its script-src.",
    };
  }
}

/** Instruction sets of this engine, best first. */
export function availableIsas(): readonly Isa[] {
  return WebAssembly.validate(SIMD_MODULE) ? ['simd128', 'scalar'] : ['scalar'];
}

/**
 * The instruction set to use.
 * @throws InputError when a forced one is absent
 */
export function chooseIsa(forced?: string): Isa {
  const isas = availableIsas();
  if (forced === undefined) return isas[0];
  const isa = isas.find(name => name === forced);
  if (!isa)
    throw new InputError(`the wasm backend has no instruction set ${forced} here; it has ${isas.join(', ')}`);
  return isa;
}

/**
 * A fresh instance with a memory of its own.
 * @param maxMemory bytes that the memory may grow to
 * @throws Error naming what failed and what would help
 */
export async function instantiate(
  isa: Isa,
  maxMemory: number = LARGEST_MEMORY,
): Promise<{ kernels: Kernels; memory: WasmMemory }> {
  const module = await compiled(isa);
  const memory = newMemory();
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = instance.exports as unknown as Kernels;
  return { kernels, memory: new WasmMemory(memory, kernels.heapBase(), maxMemory) };
}

function compiled(isa: Isa): Promise<WebAssembly.Module> {
  const known = modules.get(isa);
  if (known) return known;
  const module = compile(isa);
  modules.set(isa, module);
  // A failure is not kept, so that a later attempt may succeed.
  module.catch(() => modules.delete(isa));
  return module;
}

async function compile(isa: Isa): Promise<WebAssembly.Module> {
  try {
    const { default: base64 } = await binaries[isa]();
    return await WebAssembly.compile(Uint8Array.from(atob(base64), char => char.charCodeAt(0)));
  } catch (error) {
    throw new Error(
      `the ${isa} kernels of @apb/kernels-wasm do not load: ${messageOf(error)}; install the package again, ` +
        'or in a checkout run its build script',
      { cause: error },
    );
  }
}

function newMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: FIRST_PAGES });
  } catch (error) {
    throw new Error(
      `the wasm backend cannot reserve its memory: ${messageOf(error)}; dispose backends that are no longer needed`,
      { cause: error },
    );
  }
}

/** An engine's message, to stand inside a sentence. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.+$/, '');
}
