import * as tf from '@tensorflow/tfjs-core';
import { type Kernel, kernel } from './kernel.js';
import { forEachWindow, type PoolAttrs } from './poolWindows.js';

interface Inputs {
  /** [N, H', W', C] or [N, D', H', W', C] */
  readonly dy: tf.Tensor;
  /** [N, H, W, C] or [N, D, H, W, C] */
  readonly input: tf.Tensor;
  /** As dy: the forward result */
  readonly output: tf.Tensor;
}

/**
 * Gradient of max-pooling: dy goes to the first pixel (row-major) that holds the window's maximum, as in
 * TensorFlow. tfjs's own wasm kernel exchanges rows and columns on non-square input.
 */
export const maxPoolGrad = maxPoolGradient(tf.MaxPoolGrad);

/** The same in three dimensions. TensorFlow's own adds a stray gradient in windows whose values are all negative. */
export const maxPool3dGrad = maxPoolGradient(tf.MaxPool3DGrad);

function maxPoolGradient(name: string): Kernel {
  return kernel(name, ({ dy, input, output }: Inputs, attrs: PoolAttrs) => {
    const [g, x, y] = [dy, input, output].map(tensor => tensor.dataSync());
    const channels = input.shape[input.rank - 1];
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
    return tf.tensor(dx, input.shape);
  });
}
