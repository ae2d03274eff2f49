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
export async function reestimateBatchNorm(
  model: LayersModel,
  batches: Iterable<tf.Tensor> | AsyncIterable<tf.Tensor>,
): Promise<void> {
  const norms = allLayers(model).filter(layer =>
    /^(BatchNorm|BatchNormalization)$/.test(layer.getClassName()),
  );
  let count = 0;
  for await (const batch of batches) {
    // With momentum 1 - 1/count the running value is the mean of all batches so far.
    withMomentum(norms as Normalisation[], count / (count + 1), () =>
      aroundCalls(
        norms,
        (_layer, _input, call) => call({ training: true }),
        () => tf.tidy(() => void model.apply(batch, { training: false })),
      ),
    );
    count++;
  }
  if (count === 0) throw new InputError('batch norm statistics need at least one batch to be estimated from');
}

function withMomentum(norms: readonly Normalisation[], momentum: number, body: () => void): void {
  const before = norms.map(layer => layer.momentum);
  for (const layer of norms) layer.momentum = momentum;
  try {
    body();
  } finally {
    norms.forEach((layer, i) => {
      layer.momentum = before[i];
    });
  }
}
