import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';
import { forEachWindow, type PoolAttrs, pooledShape } from './poolWindows.js';

/**
 * Max-pooling of [N, D, H, W, C] over the in-bounds voxels of each window. tfjs's wasm kernel never goes below the
 * smallest positive float, so a window of negative values comes out as zero.
 */
export const maxPool3d = kernel(tf.MaxPool3D, ({ x }: { readonly x: tf.Tensor5D }, attrs: PoolAttrs) => {
  const values = x.dataSync();
  const channels = x.shape[4];
  const shape = pooledShape(x.shape, attrs);
  const y = new Float32Array(tf.util.sizeFromShape(shape));
  forEachWindow(x.shape, attrs, (out, pixels) => {
    for (let c = 0; c < channels; c++) {
      let largest = -Infinity;
      for (const pixel of pixels) largest = Math.max(largest, values[pixel + c]);
      y[out + c] = largest;
    }
  });
  return tf.tensor(y, shape);
});
