import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';

interface Inputs {
  /** [rows, ...rest] */
  readonly x: tf.Tensor;
  /** [rows], int32 */
  readonly segmentIds: tf.Tensor1D;
}

/**
 * Adds the rows of x by segment: y[s] = sum of x[r] over r with segmentIds[r] = s; ids out of range add to
 * nothing. The gradient of gather, so of every embedding; the wasm backend has none.
 * @returns [numSegments, ...rest]
 */
export const unsortedSegmentSum = kernel(
  tf.UnsortedSegmentSum,
  ({ x, segmentIds }: Inputs, { numSegments }: { readonly numSegments: number }) => {
    const [values, ids] = [x.dataSync(), segmentIds.dataSync()];
    const shape = [numSegments, ...x.shape.slice(1)];
    const width = tf.util.sizeFromShape(x.shape.slice(1));
    const sums = new Float32Array(numSegments * width);
    for (const [row, id] of ids.entries()) {
      if (id < 0 || id >= numSegments) continue;
      for (let i = 0; i < width; i++) sums[id * width + i] += values[row * width + i];
    }
    return tf.tensor(sums, shape, x.dtype);
  },
);
