import * as tf from '@tensorflow/tfjs-core';
import type { Pair, Shape4 } from './convolution.js';

/** Attributes as tfjs-core hands them to pooling kernels. */
export interface PoolAttrs {
  readonly filterSize: Pair | number;
  readonly strides: Pair | number;
  readonly pad: tf.MaxPoolAttrs['pad'];
  readonly dimRoundingMode?: tf.MaxPoolAttrs['dimRoundingMode'];
}

/** One output pixel's window: offsets into flat [N, H, W, C] data of the output pixel and of its in-bounds pixels. */
export type WindowVisitor = (out: number, pixels: Int32Array) => void;

/**
 * Visits the windows of a pooling over [N, H, W, C] in row-major order. `pixels` holds the offset of channel 0 of
 * each in-bounds pixel, row-major, and is reused between calls.
 */
export function forEachWindow(inShape: Shape4, attrs: PoolAttrs, visit: WindowVisitor): void {
  const info = tf.backend_util.computePool2DInfo(
    inShape,
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  const buffer = new Int32Array(info.filterHeight * info.filterWidth);
  let out = 0;
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < outHeight; i++) {
      const [top, bottom] = range(i * info.strideHeight - info.padInfo.top, info.filterHeight, inHeight);
      for (let j = 0; j < outWidth; j++, out += inChannels) {
        const [left, right] = range(j * info.strideWidth - info.padInfo.left, info.filterWidth, inWidth);
        let count = 0;
        for (let h = top; h < bottom; h++) {
          const row = (n * inHeight + h) * inWidth;
          for (let w = left; w < right; w++) buffer[count++] = (row + w) * inChannels;
        }
        visit(out, buffer.subarray(0, count));
      }
    }
  }
}

/** The part of [start, start + length) inside [0, limit). */
function range(start: number, length: number, limit: number): Pair {
  return [Math.max(start, 0), Math.min(start + length, limit)];
}
