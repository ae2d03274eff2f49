import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Dataset } from '../data/dataset.js';
import { calibrateActivations } from '../models/calibrateActivations.js';
import { initialiseQuantizers } from '../models/initialise.js';
import { reestimateBatchNorm } from '../models/reestimateBatchNorm.js';
import { transferWeights } from '../models/transferWeights.js';
import type { TrainConfig } from './config.js';
import { estimationBatches } from './estimation.js';
import { loadRun } from './loadRun.js';

/**
 * Starts a model from the weights of another run: copied by layer name, then alpha, delta and the intervals of
 * activations fitted to them, and batch-norm statistics estimated anew, without which a newly binarized network
 * is worthless.
 * @returns the settings of that run
 * @param initialised called once alpha and delta are fitted, before statistics are estimated
 * @throws InputError when there is no such run, or its network does not fit
 */
export async function startFrom(
  path: string,
  model: LayersModel,
  config: TrainConfig,
  dataset: Dataset,
  initialised: () => void = () => {},
): Promise<TrainConfig> {
  const { model: source, config: sourceConfig } = await loadRun(path);
  try {
    transferWeights(source, model);
  } finally {
    source.dispose();
  }
  initialiseQuantizers(model, config.deltaRule);
  initialised();
  await reestimateBatchNorm(model, estimationBatches(model, dataset, config));
  if (config.activations !== 32) {
    for await (const batch of estimationBatches(model, dataset, config, 1))
      calibrateActivations(model, batch);
    await reestimateBatchNorm(model, estimationBatches(model, dataset, config));
  }
  return sourceConfig;
}
