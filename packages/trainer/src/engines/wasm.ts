import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

// Every Node has it; its types belong to the DOM library.
declare const WebAssembly: { validate(bytes: Uint8Array): boolean };

/**
 * Starts the WebAssembly engine: SIMD, one thread (its threads need a browser's workers).
 * @returns what runs
 * @throws Error when the wasm binary cannot be found or compiled
 */
export async function loadWasm(): Promise<string> {
  const what = await probeWasm();
  const before = processListeners();
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(binaryFolder() + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm module did not start');
  removeNewListeners(before);
  return what;
}

/**
 * Looks whether this Node can compile the engine, without starting it.
 * @returns what would run
 * @throws Error when it cannot
 */
export async function probeWasm(): Promise<string> {
  for (const [file, what] of [
    ['tfjs-backend-wasm-simd.wasm', 'WebAssembly with SIMD, one thread'],
    ['tfjs-backend-wasm.wasm', 'WebAssembly without SIMD, one thread'],
  ]) {
    const path = join(binaryFolder(), file);
    if (existsSync(path) && WebAssembly.validate(await readFile(path))) return what;
  }
  throw new Error(`no wasm module that this Node can compile in ${binaryFolder()}`);
}

function binaryFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
}

const events = ['unhandledRejection', 'uncaughtException'] as const;

/** Per event, its listeners. */
function processListeners(): Set<unknown>[] {
  return events.map(event => new Set<unknown>(process.listeners(event as 'exit')));
}

/** Emscripten's start-up code installs process-wide handlers that rethrow; errors belong to the application. */
function removeNewListeners(before: readonly Set<unknown>[]): void {
  for (const [i, event] of events.entries()) {
    for (const listener of process.listeners(event as 'exit')) {
      if (!before[i].has(listener)) process.removeListener(event, listener);
    }
  }
}
