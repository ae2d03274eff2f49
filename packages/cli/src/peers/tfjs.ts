import { importPeer } from './importPeer.js';
import type { Tfjs } from './tfjsLayers.js';

/**
 * TensorFlow.js with its WebAssembly backend on so many threads.
 * @throws Error saying how to install it
 */
export async function loadTfjsWasm(threads: number): Promise<Tfjs> {
  const tf = (await importPeer('@tensorflow/tfjs-core')) as Tfjs;
  const wasm = (await importPeer('@tensorflow/tfjs-backend-wasm')) as {
    setThreadsCount(count: number): void;
  };
  wasm.setThreadsCount(threads);
  return tf;
}
