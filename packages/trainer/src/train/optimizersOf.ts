import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type ParameterGroups, parameterGroups } from '../models/parameterGroups.js';
import { compressedLayers } from '../models/walk.js';
import { Adam } from './adam.js';
import type { Gradients, Group, Optimizer } from './optimizer.js';
import type { TrainConfig } from './settings.js';
import { Sgd } from './sgd.js';

/** The optimizers of a run, and what each is stepped with. */
export interface Optimizers {
  readonly variables: tf.Variable[];
  readonly byName: { readonly weights: Optimizer; readonly scales: Optimizer; readonly bounds: Optimizer };
}

/** Kernels, biases and norms with a decay each; the quantizers' scalars apart, at their own rates and without. */
export function optimizersOf(model: LayersModel, config: TrainConfig): Optimizers {
  const { weights, others, alphas, deltas, bounds } = parameterGroups(model);
  const { compressed, other, rest } = config.weightDecay;
  const latent = new Set(compressedLayers(model).map(layer => layer.weightQuantizer.weights));
  const group = (
    name: keyof ParameterGroups | 'latent',
    variables: tf.Variable[],
    weightDecay = 0,
  ): Group => ({
    name,
    variables,
    learningRateScale: 1,
    weightDecay,
  });
  const scalars = (...groups: Group[]) =>
    config.quantizerOptimizer === 'adam' ? new Adam(groups) : new Sgd(groups, { momentum: config.momentum });
  const main = [
    group(
      'latent',
      weights.filter(w => latent.has(w)),
      compressed,
    ),
    group(
      'weights',
      weights.filter(w => !latent.has(w)),
      other,
    ),
    group('others', others, rest),
  ];
  return {
    variables: [...weights, ...others, ...alphas, ...deltas, ...bounds],
    byName: {
      weights:
        config.optimizer === 'adam'
          ? new Adam(main)
          : new Sgd(main, { momentum: config.momentum, nesterov: true }),
      scales: scalars(group('alphas', alphas), group('deltas', deltas)),
      bounds: scalars(group('bounds', bounds)),
    },
  };
}

/** Steps all variables, at the settings' rates times `share`. */
export function stepAll(
  { byName }: Optimizers,
  gradients: Gradients,
  config: TrainConfig,
  share: number,
): void {
  const { learningRate, quantizerLearningRate, boundsLearningRate } = config;
  byName.weights.step(gradients, learningRate * share);
  byName.scales.step(gradients, quantizerLearningRate * share);
  byName.bounds.step(gradients, boundsLearningRate * share);
}
