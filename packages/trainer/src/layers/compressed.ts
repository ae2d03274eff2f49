import type { layers } from '@tensorflow/tfjs-layers';
import { QuantizedKernel } from './quantizedKernel.js';
import type { CompressedLayer } from './support.js';

/** Whether a layer's kernel is quantized. */
export function isCompressed(layer: layers.Layer): layer is CompressedLayer {
  return (layer as Partial<CompressedLayer>).weightQuantizer instanceof QuantizedKernel;
}
