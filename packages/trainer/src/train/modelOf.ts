import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildModel } from '../models/buildModel.js';
import type { TrainConfig } from './config.js';

/** The model of a configuration with fresh weights. */
export function modelOf(config: TrainConfig): LayersModel {
  const { model, weights, activations, seed, gradientReduction, deltaRule } = config;
  const { inputShape, classes, stem, shortcuts } = config;
  const quantizer =
    weights === 'apb' || weights === 'binary' ? { kind: weights, reduction: gradientReduction } : undefined;
  return buildModel(model, {
    weights,
    activations,
    seed,
    quantizer,
    deltaRule,
    inputShape,
    classes,
    stem,
    shortcuts,
  });
}
