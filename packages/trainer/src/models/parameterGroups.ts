import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { ActivationQuantizer } from '../layers/activationQuantizer.js';
import { allLayers, compressedLayers } from './walk.js';

/** A model's trainable variables by what an optimizer should do with them. */
export interface ParameterGroups {
  /** Kernels of all layers, latent weights of compressed ones among them: the only ones to decay. */
  weights: Variable[];
  /** Biases, batch norm's gamma and beta, PReLU slopes. */
  others: Variable[];
  /** Scales and steps of compressed layers. */
  alphas: Variable[];
  /** Half-widths of the binarized intervals. */
  deltas: Variable[];
  /** Intervals of activation quantizers. */
  bounds: Variable[];
}

/** Groups the trainable variables; each is in exactly one group, in the model's order. */
export function parameterGroups(model: LayersModel): ParameterGroups {
  const kernels = compressedLayers(model).map(layer => layer.weightQuantizer);
  const groups: ParameterGroups = {
    weights: [],
    others: [],
    alphas: kernels.flatMap(kernel => kernel.variablesOf('scale')),
    deltas: kernels.flatMap(kernel => kernel.variablesOf('width')),
    bounds: [],
  };
  const quantizers = new Set([...groups.alphas, ...groups.deltas]);
  for (const layer of allLayers(model))
    for (const weight of layer.trainableWeights) {
      const variable = weight.read() as Variable;
      if (!quantizers.has(variable)) groups[groupOf(layer, weight.originalName)].push(variable);
    }
  return groups;
}

function groupOf(layer: layers.Layer, name: string): 'weights' | 'others' | 'bounds' {
  if (layer instanceof ActivationQuantizer) return 'bounds';
  return name.split('/').pop()!.endsWith('kernel') ? 'weights' : 'others';
}
