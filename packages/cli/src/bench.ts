/**
 * The benchmark of whole layers without command line or files: what `apb bench layers` does on the backend and the
 * libraries it is given. Nothing of Node, so that pages and workers can run it.
 */
export { LAYER_OPS } from './commands/bench/layers/layer.js';
export { type LayerBenchOptions, type LayerRow, measureLayers } from './commands/bench/layers/measure.js';
export { RESNET18 } from './commands/bench/layers/shape.js';
export { summaryOf } from './commands/bench/layers/summary.js';
export type { LayerPeer } from './peers/layerPeer.js';
export { onnxruntimeLayers } from './peers/onnxruntimeLayers.js';
export { tfjsLayers } from './peers/tfjsLayers.js';
