import { InputError, type Unusable } from '@apb/core';
import type { Kernels } from './kernels.js';
import { LARGEST_MEMORY, WasmMemory } from './memory.js';

/** Best first. */
const ISAS = ['relaxed-simd', 'simd128', 'scalar'] as const;
export type Isa = (typeof ISAS)[number];

/** A kernel binary: where to fetch it from, its bytes, or compiled already. */
export type WasmSource = string | URL | BufferSource | WebAssembly.Module;
export type WasmSources = { readonly [K in Isa]?: WasmSource };

/** A function that returns i8x16.popcnt(i8x16.splat(0)): valid exactly where 128-bit SIMD is. */
// biome-ignore format: one section a line
const SIMD_MODULE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b,
  0x03, 0x02, 0x01, 0x00,
  0x0a, 0x0a, 0x01, 0x08, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x62, 0x0b,
);
/** The same for i8x16.relaxed_swizzle of two such vectors, and relaxed SIMD. */
// biome-ignore format: one section a line
const RELAXED_MODULE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b,
  0x03, 0x02, 0x01, 0x00,
  0x0a, 0x0f, 0x01, 0x0d, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x80, 0x02, 0x0b,
);
const EMPTY_MODULE = SIMD_MODULE.slice(0, 8);

/** Pages of a new memory: 1 MiB. */
const FIRST_PAGES = 16;

/** The binaries, inlined as base64 (scripts/build.mjs says why); imported when needed, so only one is loaded. */
const binaries: Record<Isa, () => Promise<{ readonly default: string }>> = {
  'relaxed-simd': () => import('./wasm/relaxed-simd.js'),
  simd128: () => import('./wasm/simd128.js'),
  scalar: () => import('./wasm/scalar.js'),
};

/** Whether this engine runs a build. */
const runs: Record<Isa, () => boolean> = {
  'relaxed-simd': () => WebAssembly.validate(RELAXED_MODULE),
  simd128: () => WebAssembly.validate(SIMD_MODULE),
  scalar: () => true,
};

/** The inlined binaries, compiled once per process: any number of instances share the code. */
const modules = new Map<Isa, Promise<WebAssembly.Module>>();

/** Why WebAssembly cannot run here, or undefined. */
export function whyUnusable(sources: WasmSources | undefined): Unusable | undefined {
  if (typeof WebAssembly !== 'object')
    return {
      unusable: 'This JavaScript engine has no WebAssembly.',
      fix: 'Use Node 20 or newer, or a browser from 2017 or later, without flags that switch WebAssembly off.',
    };
  try {
    new WebAssembly.Module(EMPTY_MODULE);
  } catch (error) {
    return {
      unusable: `WebAssembly may not compile code here: ${messageOf(error)}.`,
      fix: "If the page has a content security policy, add 'wasm-unsafe-eval' to its script-src.",
    };
  }
  if (availableIsas(sources).length === 0)
    return {
      unusable: `This JavaScript engine runs none of the given kernel binaries (${Object.keys(sources ?? {}).join(', ')}).`,
      fix: 'Give one for scalar, too, or leave wasm out for those inside @apb/kernels-wasm.',
    };
  return undefined;
}

/** Instruction sets of this engine for which there is a binary, best first. */
export function availableIsas(sources: WasmSources | undefined): readonly Isa[] {
  return ISAS.filter(isa => (sources === undefined || sources[isa] !== undefined) && runs[isa]());
}

/**
 * The instruction set to use.
 * @throws InputError when a forced one is absent
 */
export function chooseIsa(sources: WasmSources | undefined, forced?: string): Isa {
  const isas = availableIsas(sources);
  if (forced === undefined) return isas[0];
  const isa = isas.find(name => name === forced);
  if (!isa)
    throw new InputError(`the wasm backend has no instruction set ${forced} here; it has ${isas.join(', ')}`);
  return isa;
}

/**
 * A fresh instance with a memory of its own.
 * @param source its binary, the inlined one by default  @param maxMemory bytes that the memory may grow to
 * @throws Error naming what failed and what would help
 */
export async function instantiate(
  isa: Isa,
  source: WasmSource | undefined,
  maxMemory: number = LARGEST_MEMORY,
): Promise<{ kernels: Kernels; memory: WasmMemory }> {
  const module = source === undefined ? await inlined(isa) : await given(isa, source);
  const memory = newMemory();
  const kernels = await kernelsOf(isa, module, memory);
  return { kernels, memory: new WasmMemory(memory, kernels.heapBase(), maxMemory) };
}

async function kernelsOf(isa: Isa, module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = instance.exports as unknown as Kernels;
  if (typeof kernels.cellProduct !== 'function')
    throw new InputError(`the binary given for ${isa} is not of this version of @apb/kernels-wasm`);
  return kernels;
}

function inlined(isa: Isa): Promise<WebAssembly.Module> {
  const known = modules.get(isa);
  if (known) return known;
  const module = compileInlined(isa);
  modules.set(isa, module);
  // A failure is not kept, so that a later attempt may succeed.
  module.catch(() => modules.delete(isa));
  return module;
}

async function compileInlined(isa: Isa): Promise<WebAssembly.Module> {
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

async function given(isa: Isa, source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const fetched = typeof source === 'string' || source instanceof URL;
  try {
    // Not compileStreaming: it refuses what a server does not call application/wasm.
    return await WebAssembly.compile(fetched ? await fetchBytes(source) : source);
  } catch (error) {
    const from = fetched ? ` from ${source}` : '';
    throw new InputError(`the binary given for ${isa} does not load${from}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function fetchBytes(url: string | URL): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
  return response.arrayBuffer();
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
