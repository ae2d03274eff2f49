import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';
import { forEachWindow, type PoolAttrs } from './poolWindows.js';

interface Inputs {
  /** [N, H', W', C] */
  readonly dy: tf.Tensor4D;
  /** [N, H, W, C] */
  readonly input: tf.Tensor4D;
  /** [N, H', W', C], the forward result */
  readonly output: tf.Tensor4D;
}

/**
 * Gradient of max-pooling: dy goes to the first pixel (row-major) that holds the window's maximum, as in
 * TensorFlow. tfjs's own wasm kernel exchanges rows and columns on non-square input.
 */
export const maxPoolGrad = kernel(tf.MaxPoolGrad, ({ dy, input, output }: Inputs, attrs: PoolAttrs) => {
  const [g, x, y] = [dy, input, output].map(tensor => tensor.dataSync());
  const channels = input.shape[3];
  const dx = new Float32Array(input.size);
  forEachWindow(input.shape, attrs, (out, pixels) => {
    for (let c = 0; c < channels; c++) {
      for (const pixel of pixels) {
        if (x[pixel + c] !== y[out + c]) continue;
        dx[pixel + c] += g[out + c];
        break;
      }
    }
  });
  return tf.tensor4d(dx, input.shape);
});
