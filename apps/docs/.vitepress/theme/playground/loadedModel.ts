import type { ModelMemory } from '@apb/core';
import { type LoadProgress, loadBytes, type Session } from '@apb/runtime';
import { createWorkerSession } from '@apb/runtime/worker';
import type { Inspection } from './inspect.worker.js';

/** Ways to run a model that the page offers. */
export const backends = {
  simd: { name: 'WebAssembly SIMD', backend: 'wasm', isa: 'simd128' },
  scalar: { name: 'WebAssembly without SIMD', backend: 'wasm', isa: 'scalar' },
  reference: { name: 'Plain TypeScript', backend: 'reference', isa: undefined },
} as const;

export type BackendKey = keyof typeof backends;

/** A model with its file kept, so that another backend can take it over. */
export interface LoadedModel {
  readonly name: string;
  readonly file: Uint8Array;
  readonly memory: ModelMemory;
}

/** @throws Error whose message names what is wrong with the file */
export async function loadModel(
  name: string,
  source: Blob | string,
  onProgress: (progress: LoadProgress) => void,
): Promise<LoadedModel> {
  const file = await loadBytes(source, { onProgress });
  return { name, file, memory: await inspect(file) };
}

export function openSession({ file }: LoadedModel, key: BackendKey): Promise<Session> {
  const { backend, isa } = backends[key];
  return createWorkerSession(file, { backend, isa });
}

/** Off the page's thread: unpacking the weights of a large model takes a while. */
async function inspect(file: Uint8Array): Promise<ModelMemory> {
  const worker = new Worker(new URL('./inspect.worker.ts', import.meta.url), { type: 'module' });
  try {
    const answer = await new Promise<Inspection>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = () => reject(new Error('A part of this page does not load; load the page again.'));
      worker.postMessage(file);
    });
    if ('error' in answer) throw new Error(answer.error);
    return answer.memory;
  } finally {
    worker.terminate();
  }
}
