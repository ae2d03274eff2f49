import { importPeer } from './importPeer.js';
import type { Ort } from './ortSession.js';

/** @throws Error saying how to install it */
export async function loadOrt(name = 'onnxruntime-node'): Promise<Ort> {
  return (await importPeer(name)) as Ort;
}

/** onnxruntime-web, whose threads are those of its module. @throws Error saying how to install it */
export async function loadOrtWeb(threads: number): Promise<Ort> {
  const ort = await loadOrt('onnxruntime-web');
  if (ort.env.wasm) ort.env.wasm.numThreads = threads;
  return ort;
}
