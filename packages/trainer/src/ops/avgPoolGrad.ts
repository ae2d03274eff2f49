import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';
import { forEachWindow, type PoolAttrs } from './poolWindows.js';

interface Inputs {
  /** [N, H', W', C] */
  readonly dy: tf.Tensor4D;
  /** [N, H, W, C] */
  readonly input: tf.Tensor4D;
}

/**
 * Gradient of average pooling: each in-bounds pixel of a window gets dy / (number of in-bounds pixels), since
 * the forward mean leaves padding out. tfjs's own wasm and cpu kernels divide by the whole window.
 */
export const avgPoolGrad = kernel(tf.AvgPoolGrad, ({ dy, input }: Inputs, attrs: PoolAttrs) => {
  const g = dy.dataSync();
  const channels = input.shape[3];
  const dx = new Float32Array(input.size);
  forEachWindow(input.shape, attrs, (out, pixels) => {
    const share = 1 / pixels.length;
    for (const pixel of pixels) {
      for (let c = 0; c < channels; c++) dx[pixel + c] += g[out + c] * share;
    }
  });
  return tf.tensor4d(dx, input.shape);
});
