import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { batches } from '../data/batches.js';
import { type Dataset, firstOf } from '../data/dataset.js';
import { calibrateActivations } from '../models/calibrateActivations.js';
import { initialiseQuantizers } from '../models/initialise.js';
import { reestimateBatchNorm } from '../models/reestimateBatchNorm.js';
import { transferWeights } from '../models/transferWeights.js';
import type { TrainConfig } from './config.js';
import { loadRun } from './loadRun.js';
import { imagesOf } from './step.js';

/** Batches of 100 training pictures that running statistics and intervals are estimated from. */
const ESTIMATION_BATCHES = 20;
const ESTIMATION_BATCH = 100;

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
  const { model: source } = await loadRun(path);
  try {
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
