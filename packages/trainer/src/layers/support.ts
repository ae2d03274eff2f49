import type { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import type { QuantizedKernel } from './quantizedKernel.js';

/** A tf.layers layer whose kernel is quantized. */
export interface CompressedLayer extends layers.Layer {
  readonly weightQuantizer: QuantizedKernel;
}

export type LayerInputs = Tensor | Tensor[];
export type CallArgs = Parameters<layers.Layer['call']>[1];

/** tf.layers hands a single input over as a tensor or as a list of one. */
export function onlyTensor(inputs: LayerInputs): Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}
