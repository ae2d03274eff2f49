import { InputError } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { restoreCheckpoint } from './checkpoint.js';
import { resumedConfig, type TrainConfig } from './config.js';
import { modelOf } from './modelOf.js';
import { RunDirectory } from './runDirectory.js';

/** A network as the last finished epoch of a run left it, and the run's settings. */
export interface LoadedRun {
  /** The caller disposes it. */
  readonly model: LayersModel;
  readonly config: TrainConfig;
}

/**
 * Loads the network of a run with its latent weights, to evaluate, export or train it further. An engine must
 * have been selected.
 * @throws InputError when the directory holds no run with a finished epoch, or its checkpoint is damaged
 */
export async function loadRun(path: string): Promise<LoadedRun> {
  const directory = new RunDirectory(path);
  const stored = await directory.readConfig();
  const checkpoint = await directory.readCheckpoint();
  if (!stored || !checkpoint)
    throw new InputError(`${path} holds no run with a finished epoch; give the folder of one`);
  const config = resumedConfig(stored, {}, path);
  const model = modelOf(config);
  try {
    await restoreCheckpoint(checkpoint, directory.checkpointPath, { model });
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { model, config };
}
