import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { aroundCalls } from './calls.js';
import { allLayers } from './walk.js';

/** Ours and tf.layers' batch norm; both keep running statistics by `momentum`. */
type Normalisation = layers.Layer & { momentum: number };

/**
 * Sets the running statistics of every batch norm to the plain mean over the given batches, all other layers in
 * inference mode. A newly binarized network needs it before it is judged: its layers' outputs have moved.
 * @param batches inputs [N, H, W, C] of equal size; not disposed
 * @throws InputError without a batch
 */
export function reestimateBatchNorm(model: LayersModel, batches: Iterable<tf.Tensor>): void {
  const norms = allLayers(model).filter(layer =>
    /^(BatchNorm|BatchNormalization)$/.test(layer.getClassName()),
  );
  const before = (norms as Normalisation[]).map(layer => layer.momentum);
  let count = 0;
  const run = () => {
    for (const batch of batches) {
      // With momentum 1 - 1/count the running value is the mean of all batches so far.
      for (const layer of norms as Normalisation[]) layer.momentum = count / (count + 1);
      count++;
      tf.tidy(() => void model.apply(batch, { training: false }));
    }
  };
  try {
    aroundCalls(norms, (_layer, _input, call) => call({ training: true }), run);
  } finally {
    for (const [i, layer] of (norms as Normalisation[]).entries()) layer.momentum = before[i];
  }
  if (count === 0) throw new InputError('batch norm statistics need at least one batch to be estimated from');
}
