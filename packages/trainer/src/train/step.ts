import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch } from '../data/batches.js';
import type { Gradients } from './optimizer.js';

/** What a training step tells. */
export interface StepResult {
  /** Mean cross-entropy over the batch, in nats. */
  readonly loss: number;
  /** Pictures whose largest logit is their class. */
  readonly correct: number;
}

/**
 * Mean softmax cross-entropy, `logsumexp(z) - z[label]`.
 * @param logits [N, classes]
 * @param oneHot [N, classes]
 */
function crossEntropy(logits: tf.Tensor2D, oneHot: tf.Tensor2D): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), 1)));
}

/**
 * Forward and backward pass in training mode, then `update` with the gradients. Reads loss and hits in one go.
 * @param variables what gradients are taken for
 * @param update must not keep the gradients
 */
export function trainStep(
  model: LayersModel,
  batch: Batch,
  variables: tf.Variable[],
  update: (gradients: Gradients) => void,
): StepResult {
  const figures = tf.tidy(() => {
    const x = imagesOf(model, batch);
    const labels = tf.tensor1d(Int32Array.from(batch.labels), 'int32');
    const classes = model.outputs[0].shape[1]!;
    const oneHot = tf.cast(tf.oneHot(labels, classes), 'float32') as tf.Tensor2D;
    let logits!: tf.Tensor2D;
    const { value, grads } = tf.variableGrads(() => {
      logits = tf.keep(model.apply(x, { training: true }) as tf.Tensor2D);
      return crossEntropy(logits, oneHot);
    }, variables);
    update(grads);
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
