import * as tf from '@tensorflow/tfjs-core';

/** What one pass over the weights gives. */
export interface HostPass {
  /** W_hat, of the first input's size. */
  readonly value: Float32Array;
  /**
   * Gradients of the loss, one per input, from g = dL/dW_hat. STRAIGHT passes g on as it is, without a copy.
   */
  readonly backward: (g: Float32Array) => readonly (Float32Array | typeof STRAIGHT)[];
}

export const STRAIGHT = 'straight';

/**
 * A weight quantizer's op as one loop in JavaScript over numbers that are read from the engine once.
 *
 * Why not a chain of tensor operations: the engines (wasm, tensorflow, cpu) all compute on this processor, so that
 * reading is a copy and no wait. A layer's weights are few beside its activations, and a chain of 14 small
 * operations costs mostly their calls. One loop is also the same bits on every engine, calls core's own predicate,
 * and sums gradients in float64.
 * @param inputs the weights, then the trainable parameters; numbers that need no gradient are read outside
 */
export function onHost(inputs: readonly tf.Tensor[], pass: (...data: Float32Array[]) => HostPass): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const tensors = args as tf.Tensor[];
    const { value, backward } = pass(...tensors.map(t => t.dataSync() as Float32Array));
    save([]);
    return {
      value: tf.tensor(value, tensors[0].shape, 'float32'),
      gradFunc: (dy: tf.Tensor) =>
        backward(dy.dataSync() as Float32Array).map((gradient, i) =>
          gradient === STRAIGHT ? dy : tf.tensor(gradient, tensors[i].shape, 'float32'),
        ),
    };
  });
  return op(...(inputs as tf.Tensor[]));
}
