import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean softmax cross-entropy, `- sum(target * log softmax(logits))`.
 * @param logits [N, classes]
 * @param targets [N, classes], a distribution a row
 */
export function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1)));
}

/** How a teacher's answers count. */
export interface Softness {
  /** T, by which logits are divided; above 1 it shows how the teacher ranks the wrong classes. */
  readonly temperature: number;
  /** Share of the teacher in the loss, 0 to 1. */
  readonly weight: number;
}

/**
 * Knowledge distillation (Hinton, Vinyals and Dean, arXiv 1503.02531): with p = softmax(teacher / T) and
 * q = softmax(logits / T), the mean over the batch of `T^2 * sum(p * (log p - log q))`, the factor T^2 because the
 * gradient of the sum shrinks with 1/T^2.
 * @param logits, teacher [N, classes]
 */
export function distillation(logits: tf.Tensor2D, teacher: tf.Tensor2D, temperature: number): tf.Scalar {
  const soft = (z: tf.Tensor2D) => tf.logSoftmax(tf.mul(z, 1 / temperature));
  const p = soft(teacher);
  const divergence = tf.sum(tf.mul(tf.exp(p), tf.sub(p, soft(logits))), 1);
  return tf.mul(tf.mean(divergence), temperature ** 2);
}
