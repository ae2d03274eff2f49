import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type ParameterGroups, parameterGroups } from '../models/parameterGroups.js';
import { Adam } from './adam.js';
import type { TrainConfig } from './config.js';
import type { Group, Optimizer } from './optimizer.js';
import { Sgd } from './sgd.js';

/** The optimizers of a run, and what each is stepped with. */
export interface Optimizers {
  readonly variables: tf.Variable[];
  readonly byName: { readonly weights: Optimizer; readonly scales: Optimizer; readonly bounds: Optimizer };
}

/** Weights with decay, everything else without; the quantizers' scalars apart, with SGD at their own rate. */
export function optimizersOf(model: LayersModel, config: TrainConfig): Optimizers {
  const { weights, others, alphas, deltas, bounds } = parameterGroups(model);
  const group = (name: keyof ParameterGroups, variables: tf.Variable[], weightDecay = 0): Group => ({
    name,
    variables,
    learningRateScale: 1,
    weightDecay,
  });
  const main = [group('weights', weights, config.weightDecay), group('others', others)];
  return {
    variables: [...weights, ...others, ...alphas, ...deltas, ...bounds],
    byName: {
      weights: config.optimizer === 'adam' ? new Adam(main) : new Sgd(main, { nesterov: true }),
      scales: new Sgd([group('alphas', alphas), group('deltas', deltas)]),
      bounds: new Sgd([group('bounds', bounds)]),
    },
  };
}
