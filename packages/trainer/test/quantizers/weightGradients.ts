import * as tf from '@tensorflow/tfjs-core';

/** W_hat [6, 8] of a quantizer, and the gradients of sum(g * W_hat) with respect to w and its parameters. */
export function run(
  quantize: (w: tf.Tensor, ...parameters: tf.Tensor[]) => tf.Tensor,
  w: Float32Array,
  g: Float32Array,
  ...parameters: tf.Tensor[]
): { wHat: Float32Array; gradients: Float32Array[] } {
  return tf.tidy(() => {
    const loss = (...inputs: tf.Tensor[]) =>
      tf.sum(tf.mul(quantize(inputs[0], ...inputs.slice(1)), tf.tensor(g, inputs[0].shape))) as tf.Scalar;
    const inputs = [tf.tensor2d(w, [w.length / 8, 8]), ...parameters];
    return {
      wHat: quantize(inputs[0], ...parameters).dataSync() as Float32Array,
      gradients: tf
        .grads(loss)(inputs)
        .map(t => t.dataSync() as Float32Array),
    };
  });
}
