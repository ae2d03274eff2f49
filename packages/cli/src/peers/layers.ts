import type { LayerPeer } from './layerPeer.js';
import { onnxruntimeLayers } from './onnxruntimeLayers.js';
import { loadOrt, loadOrtWeb } from './ort.js';
import { loadTfjsWasm } from './tfjs.js';
import { tfjsLayers } from './tfjsLayers.js';

/** Libraries whose layers are timed, by name, on so many threads. */
export const LAYER_PEERS: Readonly<Record<string, (threads: number) => Promise<LayerPeer>>> = {
  onnxruntime: async threads => onnxruntimeLayers('onnxruntime', await loadOrt(), threads),
  'onnxruntime-web': async threads =>
    onnxruntimeLayers('onnxruntime-web', await loadOrtWeb(threads), threads),
  'tfjs-wasm': async threads => tfjsLayers(await loadTfjsWasm(threads)),
};
