import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { trainingBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { calibrateActivations } from '../models/calibrateActivations.js';
import { initialiseQuantizers } from '../models/initialise.js';
import { reestimateBatchNorm } from '../models/reestimateBatchNorm.js';
import { transferWeights } from '../models/transferWeights.js';
import type { TrainConfig } from './config.js';
import { inferenceBatch } from './evaluate.js';
import { loadRun } from './loadRun.js';
import { imagesOf } from './step.js';

/** Batches of at most 100 training pictures that running statistics and intervals are estimated from. */
const ESTIMATION_BATCHES = 20;
const ESTIMATION_BATCH = 100;

/**
 * Starts a model from the weights of another run: copied by layer name, then alpha, delta and the intervals of
 * activations fitted to them, and batch-norm statistics estimated anew, without which a newly binarized network
 * is worthless.
 * @param initialised called once alpha and delta are fitted, before statistics are estimated
 * @throws InputError when there is no such run, or its network does not fit
 */
export async function startFrom(
  path: string,
  model: LayersModel,
  config: TrainConfig,
  dataset: Dataset,
  initialised: () => void = () => {},
): Promise<void> {
  const { model: source } = await loadRun(path);
  try {
    transferWeights(source, model);
  } finally {
    source.dispose();
  }
  initialiseQuantizers(model, config.deltaRule);
  initialised();
  await reestimateBatchNorm(model, estimationBatches(model, dataset, config));
  if (config.activations === 32) return;
  for await (const batch of estimationBatches(model, dataset, config, 1)) calibrateActivations(model, batch);
  await reestimateBatchNorm(model, estimationBatches(model, dataset, config));
}

/** Training pictures in a seeded order, since a folder's come class by class; a tensor lives until the next is asked for. */
async function* estimationBatches(
  model: LayersModel,
  dataset: Dataset,
  { seed }: TrainConfig,
  count = ESTIMATION_BATCHES,
): AsyncGenerator<tf.Tensor> {
  const batchSize = Math.min(ESTIMATION_BATCH, inferenceBatch(model));
  for await (const batch of trainingBatches(dataset, { batchSize, seed, epoch: 0, augmented: false })) {
    const images = imagesOf(model, batch);
    try {
      yield images;
    } finally {
      images.dispose();
    }
    if (--count === 0) return;
  }
}
