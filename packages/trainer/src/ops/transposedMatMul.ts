import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.js';

export interface MatMulAttrs {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Which products wasm's own kernel computes element by element, 10 to 40 times slower than after a transpose. */
export const isTransposed = ({ transposeA, transposeB }: MatMulAttrs) =>
  transposeA === true || transposeB === true;

/** Matrix product, its operands [..., rows, columns] transposed first: both gradients of a dense layer. */
export const transposedMatMul = kernel(
  tf.BatchMatMul,
  ({ a, b }: { readonly a: tf.Tensor; readonly b: tf.Tensor }, { transposeA, transposeB }: MatMulAttrs) =>
    tf.matMul(transposeA ? transposed(a) : a, transposeB ? transposed(b) : b),
);

function transposed(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}
