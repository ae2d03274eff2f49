import * as tf from '@tensorflow/tfjs-core';
import type { Convolution, Pair } from './convolution.js';

/** dy spread out and cropped, and the zeros that still belong around it, in the form tf.pad and tf.conv2d take. */
export interface SpreadGradient {
  readonly spread: tf.Tensor4D;
  readonly pads: [Pair, Pair, Pair, Pair];
}

/**
 * What both input gradients convolve with the flipped kernel:
 *
 *     g[n, h + d(kh-1) - top, w + d(kw-1) - left, :] = dy[n, h', w', :]  where h = s h', w = s w', zero elsewhere
 *
 * of size [N, H + d(kh-1), W + d(kw-1), Co] with its pads, so that a 'valid' convolution with the dilated kernel
 * yields H x W.
 * @param dy [N, H', W', Co]
 */
export function spreadGradient(dy: tf.Tensor4D, conv: Convolution): SpreadGradient {
  const [rows, columns] = [margins(conv, 0), margins(conv, 1)];
  const outer = (pair: Pair) => pair.map(n => Math.max(n, 0)) as Pair;
  return {
    spread: crop(insertZeros(dy, conv.strides), rows, columns),
    pads: [[0, 0], outer(rows), outer(columns), [0, 0]],
  };
}

/** Rows to add before and after the spread dy; negative where rows are cut. */
function margins({ inShape, outShape, kernel, strides, dilations, pads }: Convolution, axis: 0 | 1): Pair {
  const span = dilations[axis] * (kernel[axis] - 1);
  const before = span - pads[axis];
  // insertZeros leaves stride-1 zeros after the last row as well: H' * s rows.
  return [before, inShape[axis + 1] + span - before - outShape[axis + 1] * strides[axis]];
}

/** [N, H', W', C] -> [N, H' sh, W' sw, C], the pixels at multiples of the strides. */
export function insertZeros(dy: tf.Tensor4D, [sh, sw]: Pair): tf.Tensor4D {
  if (sh === 1 && sw === 1) return dy;
  const [n, h, w, c] = dy.shape;
  const columns = tf.pad(tf.reshape(dy, [n * h * w, c]), [
    [0, 0],
    [0, (sw - 1) * c],
  ]);
  const rows = tf.pad(tf.reshape(columns, [n * h, w * sw * c]), [
    [0, 0],
    [0, (sh - 1) * w * sw * c],
  ]);
  return tf.reshape(rows, [n, h * sh, w * sw, c]);
}

function crop(x: tf.Tensor4D, [top, bottom]: Pair, [left, right]: Pair): tf.Tensor4D {
  const cut = (n: number) => Math.max(-n, 0);
  if ([top, bottom, left, right].every(n => cut(n) === 0)) return x;
  const [n, h, w, c] = x.shape;
  const size = [n, h - cut(top) - cut(bottom), w - cut(left) - cut(right), c];
  return tf.slice(x, [0, cut(top), cut(left), 0], size);
}
