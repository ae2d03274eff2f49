import { type BackendFactory, createReferenceBackend } from '@apb/core';
import type { Candidate } from './select.js';

/** WebAssembly kernels of `@apb/kernels-wasm`. */
export function wasmCandidate(): Candidate {
  return kernels('wasm', '@apb/kernels-wasm', 'createWasmBackend', () => import('@apb/kernels-wasm'));
}

/** Plain TypeScript, part of core: works everywhere. */
export function referenceCandidate(): Candidate {
  return { name: 'reference', package: '@apb/core', load: async () => createReferenceBackend };
}

/** A backend of an optional package that is loaded only when asked for; when it is not there, the error says so. */
export function kernels(
  name: string,
  packageName: string,
  factory: string,
  load: () => Promise<object>,
): Candidate {
  return {
    name,
    package: packageName,
    load: async () => {
      const make = ((await loaded(packageName, load)) as Record<string, unknown>)[factory];
      if (typeof make !== 'function')
        throw new Error(
          `${packageName} exports no ${factory}; install a version that was released with @apb/runtime`,
        );
      return make as BackendFactory;
    },
  };
}

async function loaded(packageName: string, load: () => Promise<object>): Promise<object> {
  try {
    return await load();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Node's code for a package that is not there; it names the package only when that itself is missing.
    const missing =
      (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${packageName}'`);
    throw new Error(
      missing
        ? `${packageName} is not installed; add it with: npm install ${packageName}`
        : `${packageName} cannot be loaded (${message}); install or build it again`,
      { cause: error },
    );
  }
}
