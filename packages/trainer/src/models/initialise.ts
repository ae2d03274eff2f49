import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type DeltaRule, defaultDeltaRule } from '../quantizers/weight.js';
import { activationQuantizers, compressedLayers } from './walk.js';

/**
 * Starts alpha and delta of every compressed layer from its present weights: after pretrained weights were loaded
 * or transferred. Deterministic.
 */
export function initialiseQuantizers(model: LayersModel, rule: DeltaRule = defaultDeltaRule): void {
  for (const layer of compressedLayers(model)) layer.weightQuantizer.initialise(rule);
}

/** Projects every learned scalar into its bounds: after an optimizer's step, before a report. */
export function constrainQuantizers(model: LayersModel): void {
  for (const layer of compressedLayers(model)) layer.weightQuantizer.constrain();
  for (const layer of activationQuantizers(model)) layer.constrain();
}
