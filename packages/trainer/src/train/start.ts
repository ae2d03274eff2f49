import { InputError } from '@apb/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { batches } from '../data/batches.js';
import { type Dataset, firstOf } from '../data/dataset.js';
import { buildModel } from '../models/buildModel.js';
import { calibrateActivations } from '../models/calibrateActivations.js';
import { initialiseQuantizers } from '../models/initialise.js';
import { type ParameterGroups, parameterGroups } from '../models/parameterGroups.js';
import { reestimateBatchNorm } from '../models/reestimateBatchNorm.js';
import { transferWeights } from '../models/transferWeights.js';
import { Adam } from './adam.js';
import { restoreCheckpoint } from './checkpoint.js';
import { resumedConfig, type TrainConfig } from './config.js';
import type { Group, Optimizer } from './optimizer.js';
import { RunDirectory } from './runDirectory.js';
import { Sgd } from './sgd.js';
import { imagesOf } from './step.js';

/** Batches of 100 training pictures that running statistics and intervals are estimated from. */
const ESTIMATION_BATCHES = 20;
const ESTIMATION_BATCH = 100;

/** The model of a configuration with fresh weights. */
export function modelOf(config: TrainConfig): LayersModel {
  const { model, weights, activations, seed, gradientReduction, deltaRule } = config;
  const quantizer = weights === 'fp32' ? undefined : { kind: weights, reduction: gradientReduction };
  return buildModel(model, { weights, activations, seed, quantizer, deltaRule });
}

/**
 * Starts a model from the weights of another run: copied by layer name, then alpha, delta and the intervals of
 * activations fitted to them, and batch-norm statistics estimated anew, without which a newly binarized network
 * is worthless.
 * @throws InputError when there is no such run, or its network does not fit
 */
export async function startFrom(
  path: string,
  model: LayersModel,
  config: TrainConfig,
  dataset: Dataset,
): Promise<void> {
  const directory = new RunDirectory(path);
  const stored = await directory.readConfig();
  const checkpoint = await directory.readCheckpoint();
  if (!stored || !checkpoint)
    throw new InputError(`init ${path} holds no run with a finished epoch; give the folder of one`);
  const source = modelOf(resumedConfig(stored, {}, path));
  try {
    await restoreCheckpoint(checkpoint, directory.checkpointPath, source);
    transferWeights(source, model);
  } finally {
    source.dispose();
  }
  initialiseQuantizers(model, config.deltaRule);
  reestimateBatchNorm(model, estimationBatches(model, dataset));
  if (config.activations === 32) return;
  for (const batch of estimationBatches(model, dataset, 1)) calibrateActivations(model, batch);
  reestimateBatchNorm(model, estimationBatches(model, dataset));
}

/** The first training pictures; each tensor lives until the next is asked for. */
function* estimationBatches(
  model: LayersModel,
  dataset: Dataset,
  count = ESTIMATION_BATCHES,
): Generator<tf.Tensor> {
  const pictures = firstOf(dataset.train, count * ESTIMATION_BATCH);
  for (const batch of batches(pictures, dataset, Math.min(ESTIMATION_BATCH, pictures.count))) {
    if (batch.count < Math.min(ESTIMATION_BATCH, pictures.count)) return;
    const images = imagesOf(model, batch);
    try {
      yield images;
    } finally {
      images.dispose();
    }
  }
}

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
