import { InputError } from '@apb/core';
import type { LayersModel, LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { allLayers } from './walk.js';

/**
 * Copies weights between models by layer and weight name, running statistics included. Quantizers of the target
 * that the source has not keep their values; call `initialiseQuantizers` afterwards.
 * @returns names of the target's layers with weights that got none
 * @throws InputError when a shape differs or no layer has a namesake
 */
export function transferWeights(from: LayersModel, to: LayersModel): string[] {
  const sources = new Map(allLayers(from).map(layer => [layer.name, layer]));
  const targets = allLayers(to).filter(layer => layer.weights.length > 0);
  const without = targets.filter(target => copyLayer(sources.get(target.name), target) === 0);
  if (without.length === targets.length)
    throw new InputError(
      'no layer of the two models has the same name; build both from the same architecture',
    );
  return without.map(layer => layer.name);
}

function copyLayer(source: layers.Layer | undefined, target: layers.Layer): number {
  if (!source) return 0;
  const values = new Map(source.weights.map(w => [ownName(w), w]));
  let copied = 0;
  for (const weight of target.weights) {
    const value = values.get(ownName(weight));
    if (!value) continue;
    if (String(value.shape) !== String(weight.shape))
      throw new InputError(
        `layer ${target.name}: its ${ownName(weight)} is [${weight.shape}], the pretrained one [${value.shape}]`,
      );
    weight.write(value.read());
    copied++;
  }
  return copied;
}

function ownName(weight: LayerVariable): string {
  return weight.originalName.split('/').pop()!;
}
