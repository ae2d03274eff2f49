import { createWasmBackend } from '@apb/kernels-wasm';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import type { LayerOp } from '../../packages/cli/dist/commands/bench/layers/layer.js';
import { type LayerRow, measureLayers } from '../../packages/cli/dist/commands/bench/layers/measure.js';
import { RESNET18 } from '../../packages/cli/dist/commands/bench/layers/shape.js';
import type { LayerPeer } from '../../packages/cli/dist/peers/layerPeer.js';
import { onnxruntimeLayers } from '../../packages/cli/dist/peers/onnxruntimeLayers.js';
import { tfjsLayers } from '../../packages/cli/dist/peers/tfjsLayers.js';

export interface LayersRequest {
  readonly ops: readonly LayerOp[];
  readonly shares: readonly number[];
  readonly peers: readonly string[];
  readonly milliseconds: number;
  readonly seed: number;
  readonly isa?: string;
}

/** The libraries that `apb bench layers` names so, loaded the way a page does it; one thread each. */
const peers: Record<string, () => Promise<LayerPeer>> = {
  'onnxruntime-web': () => {
    ort.env.wasm.wasmPaths = `${location.origin}/peers/`;
    ort.env.wasm.numThreads = 1;
    return onnxruntimeLayers('onnxruntime-web', ort as never, 1);
  },
  'tfjs-wasm': () => {
    setWasmPaths(`${location.origin}/peers/`);
    // Its build without threads: in an isolated page it would start some, whatever their number is set to.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    return tfjsLayers(tf as never);
  },
};

/** Called by benchLayers.mjs. */
async function benchLayers(request: LayersRequest, onProgress: (what: string) => void) {
  const chosen = await Promise.all(request.peers.map(name => peers[name]()));
  const backend = createWasmBackend();
  await backend.init({ isa: request.isa, threads: 1 });
  const rows: LayerRow[] = await measureLayers(backend, {
    ...request,
    shapes: RESNET18,
    peers: chosen,
    onProgress: (done, total, what) => onProgress(`${Math.floor((100 * done) / total)} % ${what}`),
  });
  const { isa, threads } = backend.capabilities;
  backend.dispose();
  const described = chosen.map(({ name, version, callUs }) => ({ name, version, callUs }));
  return { backend: backend.name, isa, threads, peers: described, rows };
}

Object.assign(globalThis, { benchLayers });
export type BenchLayers = typeof benchLayers;
