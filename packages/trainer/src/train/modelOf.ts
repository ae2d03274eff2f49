import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildModel } from '../models/buildModel.js';
import type { TrainConfig } from './config.js';

/** The model of a configuration with fresh weights. */
export function modelOf(config: TrainConfig): LayersModel {
  const { model, weights, activations, seed, gradientReduction, deltaRule, inputShape, classes } = config;
  const quantizer = weights === 'fp32' ? undefined : { kind: weights, reduction: gradientReduction };
  return buildModel(model, { weights, activations, seed, quantizer, deltaRule, inputShape, classes });
}
