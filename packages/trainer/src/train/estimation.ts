import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { trainingBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { TrainConfig } from './config.js';
import { inferenceBatch } from './evaluate.js';
import { imagesOf } from './step.js';

/** Batches of at most 100 training pictures that running statistics and intervals are estimated from. */
const ESTIMATION_BATCHES = 20;
const ESTIMATION_BATCH = 100;

/** Training pictures in a seeded order, since a folder's come class by class; a tensor lives until the next is asked for. */
export async function* estimationBatches(
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
