import * as tf from '@tensorflow/tfjs-core';
import { type Kernel, kernel } from './kernel.js';
import { forEachWindow, type PoolAttrs } from './poolWindows.js';

interface Inputs {
  /** [N, H', W', C] or [N, D', H', W', C] */
  readonly dy: tf.Tensor;
  /** [N, H, W, C] or [N, D, H, W, C] */
  readonly input: tf.Tensor;
}

/**
 * Gradient of average pooling: each in-bounds pixel of a window gets dy / (number of in-bounds pixels), since
 * the forward mean leaves padding out. tfjs's own wasm and cpu kernels divide by the whole window.
 */
export const avgPoolGrads: Kernel[] = [tf.AvgPoolGrad, tf.AvgPool3DGrad].map(name =>
  kernel(name, ({ dy, input }: Inputs, attrs: PoolAttrs) => {
    const g = dy.dataSync();
    const channels = input.shape[input.rank - 1];
    const dx = new Float32Array(input.size);
    forEachWindow(input.shape, attrs, (out, pixels) => {
      const share = 1 / pixels.length;
      for (const pixel of pixels) {
        for (let c = 0; c < channels; c++) dx[pixel + c] += g[out + c] * share;
      }
    });
    return tf.tensor(dx, input.shape);
  }),
);
