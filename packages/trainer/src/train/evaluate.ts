import { setImmediate } from 'node:timers/promises';
import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { batches } from '../data/batches.js';
import type { Dataset, Split } from '../data/dataset.js';
import { imagesOf } from './step.js';

/**
 * Pictures a forward pass: enough to fill the engine. At most 200, and as many as have the pixels of 16 pictures of
 * 224 x 224, for which the widest layer of an ImageNet ResNet takes 51 MB.
 */
export function inferenceBatch(model: LayersModel): number {
  const [height, width] = model.inputs[0].shape.slice(1) as number[];
  return Math.min(200, Math.max(1, Math.floor((16 * 224 * 224) / (height * width))));
}

/**
 * Share of a split's pictures that the model classifies right, in inference mode; those that cannot be read do not
 * count.
 * @param onStep told the batches done and in all
 * @throws InputError when no picture can be read; the signal's reason once it is aborted
 */
export async function top1(
  model: LayersModel,
  split: Split,
  input: Pick<Dataset, 'mean' | 'std'>,
  onStep: (step: number, steps: number) => void = () => {},
  signal?: AbortSignal,
): Promise<number> {
  const batchSize = inferenceBatch(model);
  const steps = Math.ceil(split.count / batchSize);
  let [correct, pictures] = [0, 0];
  let step = 0;
  for await (const batch of batches(split, input, batchSize)) {
    signal?.throwIfAborted();
    const best = tf.tidy(() =>
      tf.argMax(model.apply(imagesOf(model, batch), { training: false }) as tf.Tensor, 1),
    );
    best.dataSync().forEach((at, i) => {
      if (at === batch.labels[i]) correct++;
    });
    best.dispose();
    pictures += batch.count;
    onStep(++step, steps);
    await setImmediate();
  }
  if (pictures === 0)
    throw new InputError('not one of the pictures to evaluate on can be read; look at their files');
  return correct / pictures;
}
