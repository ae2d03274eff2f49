import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildModel } from '../models/buildModel.js';
import type { WeightQuantizerConfig } from '../quantizers/weight.js';
import type { TrainConfig } from './config.js';

/** The model of a configuration with fresh weights. */
export function modelOf(config: TrainConfig): LayersModel {
  const { model, weights, activations, seed, deltaRule } = config;
  const { inputShape, classes, stem, shortcuts, activationQuantizer, backward } = config;
  return buildModel(model, {
    weights,
    activations,
    seed,
    quantizer: quantizerOf(config),
    deltaRule,
    activationQuantizer,
    backward,
    inputShape,
    classes,
    stem,
    shortcuts,
  });
}

/** Under a memory budget delta follows the budget alone. */
function quantizerOf(config: TrainConfig): WeightQuantizerConfig | undefined {
  const { weights, gradientReduction: reduction, bitsPerWeight, quantizer } = config;
  if (weights === 'fp32') return undefined;
  const learned = weights === 'apb' || weights === 'binary' ? { reduction } : {};
  const budgeted = weights === 'apb' && bitsPerWeight !== undefined ? { learnDelta: false } : {};
  return { ...learned, ...budgeted, ...quantizer, kind: weights };
}
