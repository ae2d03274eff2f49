import type { Model } from '@apb/core';
import type { CalibrationData } from './compressModel.js';
import { correct } from './correct.js';
import { decide } from './layers.js';
import { cutsOf, Values } from './values.js';

/**
 * Gives the layers of a compressed network, from front to back, outputs of the means that the full-precision network's
 * have, and of the scales where a batch norm stands behind: batch-norm re-estimation, for any way of compressing.
 * @param original the network in full precision
 * @param compressed the same graph with other weights
 */
export async function restoreStatistics(
  original: Model,
  compressed: Model,
  { pictures, run }: CalibrationData,
): Promise<Model> {
  const cuts = cutsOf(original);
  const float = new Values(run, pictures, cuts);
  const own = new Values(run, pictures, cuts);
  let draft = compressed;
  for (const { layer } of decide(original, [])) {
    if (!layer || original.weights[layer.node.weights] === compressed.weights[layer.node.weights]) continue;
    const {
      inputs: [input],
      name,
    } = layer.node;
    await float.advance(original, input);
    await own.advance(draft, input);
    draft = correct(draft, layer, await float.at(original, name), await own.at(draft, name)).model;
  }
  return draft;
}
