import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { batches } from '../data/batches.js';
import type { Dataset, Split } from '../data/dataset.js';
import { imagesOf } from './step.js';

/** Pictures a forward pass: enough to fill the engine, 50 MB for the widest layer of ResNet-20. */
const BATCH = 200;

/**
 * Share of a split's pictures that the model classifies right, in inference mode.
 * @param onStep told the batches done and in all
 * @throws the signal's reason once it is aborted
 */
export async function top1(
  model: LayersModel,
  split: Split,
  input: Pick<Dataset, 'mean' | 'std'>,
  onStep: (step: number, steps: number) => void = () => {},
  signal?: AbortSignal,
): Promise<number> {
  const steps = Math.ceil(split.count / BATCH);
  let correct = 0;
  let step = 0;
  for (const batch of batches(split, input, BATCH)) {
    signal?.throwIfAborted();
    const best = tf.tidy(() =>
      tf.argMax(model.apply(imagesOf(model, batch), { training: false }) as tf.Tensor, 1),
    );
    best.dataSync().forEach((at, i) => {
      if (at === batch.labels[i]) correct++;
    });
    best.dispose();
    onStep(++step, steps);
    await setImmediate();
  }
  return correct / split.count;
}
