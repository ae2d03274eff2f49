import { LayersModel, type layers } from '@tensorflow/tfjs-layers';
import { ActivationQuantizer } from '../layers/activationQuantizer.js';
import { isCompressed } from '../layers/compressed.js';
import type { CompressedLayer } from '../layers/support.js';

/** All layers of a model in its order, those of nested models in their place. */
export function allLayers(model: LayersModel): layers.Layer[] {
  return model.layers.flatMap(layer => (layer instanceof LayersModel ? allLayers(layer) : [layer]));
}

/** The layers with quantized weights. */
export function compressedLayers(model: LayersModel): CompressedLayer[] {
  return allLayers(model).filter(isCompressed);
}

export function activationQuantizers(model: LayersModel): ActivationQuantizer[] {
  return allLayers(model).filter(layer => layer instanceof ActivationQuantizer);
}
