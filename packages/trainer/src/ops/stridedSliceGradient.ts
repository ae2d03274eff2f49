import * as tf from '@tensorflow/tfjs-core';

/**
 * Gradient of stridedSlice, which tfjs-core has none for: dy's elements go back to the positions they were read
 * from, zero elsewhere. One axis at a time: flip where the stride is negative, insert stride-1 zeros after every
 * element, then pad to the input's length.
 */
export const stridedSliceGradient: tf.GradConfig = {
  kernelName: tf.StridedSlice,
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attrs) => {
    const a = attrs as unknown as tf.StridedSliceAttrs;
    const info = tf.slice_util.sliceInfo(
      x.shape,
      a.begin,
      a.end,
      a.strides,
      a.beginMask,
      a.endMask,
      a.ellipsisMask,
      a.newAxisMask,
      a.shrinkAxisMask,
    );
    const { begin, end, strides } = info;
    return {
      x: () => {
        let g = tf.reshape(dy as tf.Tensor, tf.slice_util.computeOutShape(begin, end, strides));
        for (const [axis, length] of x.shape.entries())
          g = spread(g, axis, length, begin[axis], strides[axis]);
        return g;
      },
    };
  },
};

/** Along one axis, element i of g goes to position begin + i * stride of `length`. */
function spread(g: tf.Tensor, axis: number, length: number, begin: number, stride: number): tf.Tensor {
  const count = g.shape[axis];
  const ordered = stride > 0 ? g : tf.reverse(g, axis);
  if (count === length) return ordered;
  const step = Math.abs(stride);
  const first = stride > 0 ? begin : begin + stride * (count - 1);
  const rows = tf.util.sizeFromShape(g.shape.slice(0, axis));
  const width = tf.util.sizeFromShape(g.shape.slice(axis + 1));
  const gaps = tf.pad(tf.reshape(ordered, [rows * count, width]), [
    [0, 0],
    [0, (step - 1) * width],
  ]);
  // The zeros after the last element may reach past the end.
  const used = (count - 1) * step + 1;
  const cut = tf.slice(tf.reshape(gaps, [rows, count * step * width]), [0, 0], [rows, used * width]);
  const padded = tf.pad(cut, [
    [0, 0],
    [first * width, (length - first - used) * width],
  ]);
  return tf.reshape(padded, g.shape.with(axis, length));
}
