import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch } from '../data/batches.js';
import { crossEntropy, distillation, type Softness } from './loss.js';
import type { Gradients } from './optimizer.js';
import type { Teacher } from './teacher.js';

/** Pictures to learn from. */
export interface TrainBatch extends Batch {
  /** What is to be answered, row-major [count, classes]: a distribution for each picture. */
  readonly targets: Float32Array;
}

/** What a training step tells. */
export interface StepResult {
  /** Mean loss over the batch, in nats. */
  readonly loss: number;
  /** Pictures whose largest logit is their class. */
  readonly correct: number;
}

/**
 * Forward and backward pass in training mode, then `update` with the gradients. Reads loss and hits in one go.
 * @param variables what gradients are taken for
 * @param update must not keep the gradients
 * @param distill whose answers the loss is to contain beside the targets
 */
export function trainStep(
  model: LayersModel,
  batch: TrainBatch,
  variables: tf.Variable[],
  update: (gradients: Gradients) => void,
  distill?: Softness & { readonly teacher: Teacher },
): StepResult {
  const figures = tf.tidy(() => {
    const x = imagesOf(model, batch);
    const classes = model.outputs[0].shape[1]!;
    const targets = tf.tensor2d(batch.targets, [batch.count, classes]);
    const taught = distill?.teacher.logits(x);
    let logits!: tf.Tensor2D;
    const { value, grads } = tf.variableGrads(() => {
      logits = tf.keep(model.apply(x, { training: true }) as tf.Tensor2D);
      const loss = crossEntropy(logits, targets);
      if (!distill) return loss;
      const { temperature, weight } = distill;
      const soft = distillation(logits, taught!, temperature);
      return tf.add(tf.mul(loss, 1 - weight), tf.mul(soft, weight)) as tf.Scalar;
    }, variables);
    update(grads);
    const labels = tf.tensor1d(Int32Array.from(batch.labels), 'int32');
    const hits = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'));
    logits.dispose();
    return tf.stack([value, hits]);
  });
  const [loss, correct] = figures.dataSync();
  figures.dispose();
  return { loss, correct };
}

/** The batch as the model's input [N, H, W, C]. */
export function imagesOf(model: LayersModel, { images, count }: Batch): tf.Tensor {
  return tf.tensor(images, [count, ...(model.inputs[0].shape.slice(1) as number[])], 'float32');
}
