import { trainingBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { mix, mixingRandom } from './mixing.js';
import type { TrainConfig } from './settings.js';
import type { TrainBatch } from './step.js';
import { smoothTargets } from './targets.js';

type Settings = Pick<TrainConfig, 'batchSize' | 'seed' | 'augment' | 'labelSmoothing' | 'mix'>;

/**
 * One epoch of batches with what is to be answered to them, smoothed and mixed as the settings say.
 * @param epoch counted from 0
 * @param firstStep of the epoch, over the whole run
 */
export async function* lessons(
  dataset: Dataset,
  { batchSize, seed, augment, labelSmoothing, mix: mixing }: Settings,
  epoch: number,
  firstStep: number,
): AsyncGenerator<TrainBatch> {
  const batches = trainingBatches(dataset, { batchSize, seed, epoch, augmented: augment });
  let step = firstStep;
  for await (const batch of batches) {
    const targets = smoothTargets(batch.labels, dataset.classes.length, labelSmoothing);
    const lesson = { ...batch, targets };
    if (mixing) mix(lesson, dataset.shape, mixing, mixingRandom(seed, step));
    yield lesson;
    step++;
  }
}
