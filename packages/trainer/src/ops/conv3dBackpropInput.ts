import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';

interface Inputs {
  /** [N, D', H', W', Co] */
  readonly dy: tf.Tensor5D;
  /** [kd, kh, kw, C, Co] */
  readonly filter: tf.Tensor5D;
}

type Attrs = Pick<tf.Conv3DBackpropInputV2Attrs, 'strides' | 'pad' | 'inputShape'>;

/**
 * Input gradient of conv3d, which tfjs's wasm kernel has wrong on some shapes: every dy element goes back through
 * the filter to the voxels that made it. Plain loops: right, not fast.
 */
export const conv3dBackpropInput = kernel(
  tf.Conv3DBackpropInputV2,
  ({ dy, filter }: Inputs, attrs: Attrs) => {
    const info = tf.backend_util.computeConv3DInfo(
      attrs.inputShape,
      filter.shape,
      attrs.strides,
      1,
      attrs.pad as 'same' | 'valid',
    );
    const { batchSize, inDepth, inHeight, inWidth, inChannels, outDepth, outHeight, outWidth, outChannels } =
      info;
    const { front, top, left } = info.padInfo;
    const [g, w] = [dy.dataSync(), filter.dataSync()];
    const dx = new Float32Array(tf.util.sizeFromShape(attrs.inputShape));
    const taps = tf.util.sizeFromShape([info.filterDepth, info.filterHeight, info.filterWidth]);

    /** Adds dy's output voxel at `out` through one tap into the input voxel at `into`. */
    const addThrough = (tap: number, out: number, into: number) => {
      for (let c = 0; c < inChannels; c++) {
        const row = (tap * inChannels + c) * outChannels;
        let sum = 0;
        for (let o = 0; o < outChannels; o++) sum += w[row + o] * g[out + o];
        dx[into + c] += sum;
      }
    };

    let out = 0;
    for (let n = 0; n < batchSize; n++) {
      for (let i = 0; i < outDepth; i++) {
        for (let j = 0; j < outHeight; j++) {
          for (let k = 0; k < outWidth; k++, out += outChannels) {
            for (let tap = 0; tap < taps; tap++) {
              const b = tap % info.filterWidth;
              const a = Math.floor(tap / info.filterWidth) % info.filterHeight;
              const d =
                i * info.strideDepth - front + Math.floor(tap / (info.filterWidth * info.filterHeight));
              const h = j * info.strideHeight - top + a;
              const v = k * info.strideWidth - left + b;
              if (d < 0 || d >= inDepth || h < 0 || h >= inHeight || v < 0 || v >= inWidth) continue;
              addThrough(tap, out, (((n * inDepth + d) * inHeight + h) * inWidth + v) * inChannels);
            }
          }
        }
      }
    }
    return tf.tensor5d(dx, attrs.inputShape);
  },
);
