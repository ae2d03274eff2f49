import * as tf from '@tensorflow/tfjs-core';
import { channelSums } from './channelMeans.js';
import {
  type ConvAttrs,
  type Convolution,
  describeConvolution,
  type Pair,
  type Shape4,
} from './convolution.js';
import { kernel } from './kernel.js';

interface Inputs {
  /** [N, H, W, C] */
  readonly x: tf.Tensor4D;
  /** [N, H', W', C * m] */
  readonly dy: tf.Tensor4D;
}

/**
 * Filter gradient of a depthwise convolution, one kernel tap at a time:
 *
 *     dw[i, j, c, l] = sum over n, h', w' of x[n, s h' + d i - top, s w' + d j - left, c] * dy[n, h', w', c m + l]
 */
export const depthwiseBackpropFilter = kernel(
  tf.DepthwiseConv2dNativeBackpropFilter,
  ({ x, dy }: Inputs, attrs: ConvAttrs & { readonly filterShape: Shape4 }) => {
    const conv = describeConvolution(x.shape, attrs.filterShape, attrs, true);
    const m = attrs.filterShape[3];
    const [kh, kw] = conv.kernel;
    const padded = padForTaps(repeatChannels(x, m), conv);
    const taps: tf.Tensor[] = [];
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++) {
        taps.push(tf.tidy(() => channelSums(tf.mul(tapView(padded, conv, [i, j]), dy))));
      }
    }
    return tf.reshape(tf.concat(taps), attrs.filterShape);
  },
);

/** [N, H, W, C] -> [N, H, W, C * m], each channel m times in a row. */
function repeatChannels(x: tf.Tensor4D, m: number): tf.Tensor4D {
  if (m === 1) return x;
  const [n, h, w, c] = x.shape;
  return tf.reshape(tf.tile(tf.reshape(x, [n * h * w * c, 1]), [1, m]), [n, h, w, c * m]);
}

/** Zero-pads x so that every tap's view lies inside. */
function padForTaps(
  x: tf.Tensor4D,
  { outShape, kernel, strides, dilations, pads }: Convolution,
): tf.Tensor4D {
  const margin = (axis: 0 | 1): Pair => {
    const reach = dilations[axis] * (kernel[axis] - 1) + strides[axis] * (outShape[axis + 1] - 1) + 1;
    return [pads[axis], Math.max(reach - x.shape[axis + 1] - pads[axis], 0)];
  };
  return tf.pad(x, [[0, 0], margin(0), margin(1), [0, 0]]);
}

/** The pixels of padded x that tap [i, j] meets: [N, H', W', C]. */
function tapView(padded: tf.Tensor4D, { outShape, strides, dilations }: Convolution, tap: Pair): tf.Tensor4D {
  const begin = tap.map((t, axis) => t * dilations[axis]);
  const span = strides.map((s, axis) => (outShape[axis + 1] - 1) * s + 1);
  const [n, , , c] = padded.shape;
  if (strides.every(s => s === 1)) return tf.slice(padded, [0, ...begin, 0], [n, ...span, c]);
  const end = begin.map((b, axis) => b + span[axis]);
  return tf.stridedSlice(padded, [0, ...begin, 0], [n, ...end, c], [1, ...strides, 1]) as tf.Tensor4D;
}
