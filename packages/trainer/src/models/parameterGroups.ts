import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { ActivationQuantizer } from '../layers/activationQuantizer.js';
import { ApbConv2D } from '../layers/apbConv2d.js';
import { ApbDense } from '../layers/apbDense.js';
import { allLayers } from './walk.js';

/** A model's trainable variables by what an optimizer should do with them. */
export interface ParameterGroups {
  /** Kernels of all layers, latent weights of compressed ones among them: the only ones to decay. */
  weights: Variable[];
  /** Biases, batch norm's gamma and beta, PReLU slopes. */
  others: Variable[];
  /** Scales of compressed layers. */
  alphas: Variable[];
  /** Half-widths of the binarized intervals. */
  deltas: Variable[];
  /** Intervals of activation quantizers. */
  bounds: Variable[];
}

/** Groups the trainable variables; each is in exactly one group, in the model's order. */
export function parameterGroups(model: LayersModel): ParameterGroups {
  const groups: ParameterGroups = { weights: [], others: [], alphas: [], deltas: [], bounds: [] };
  for (const layer of allLayers(model))
    for (const weight of layer.trainableWeights)
      groups[groupOf(layer, weight.originalName)].push(weight.read() as Variable);
  return groups;
}

function groupOf(layer: layers.Layer, name: string): keyof ParameterGroups {
  const own = name.split('/').pop()!;
  if (layer instanceof ActivationQuantizer) return 'bounds';
  if (layer instanceof ApbConv2D || layer instanceof ApbDense) {
    if (own === 'alpha') return 'alphas';
    if (own === 'delta') return 'deltas';
  }
  return own.endsWith('kernel') ? 'weights' : 'others';
}
