import type { ActivationBits } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction } from './activation.js';
import { interval, quantizeCodes, sidesOf } from './codes.js';

/**
 * DoReFa-Net's activations (Zhou et al., arXiv 1606.06160, section 2.6): clip(x, 0, 1), then b uniform bits. Nothing
 * is learned; a batch norm in front brings the values into the range.
 *
 *     dL/dx = g where 0 <= x <= 1, 0 elsewhere
 */
export function quantizeUnit(x: tf.Tensor, bits: ActivationBits): tf.Tensor {
  const q = interval(bits, 0, 1);
  const op = tf.customGrad((xIn, saveIn) => {
    const x = xIn as tf.Tensor;
    (saveIn as tf.GradSaveFunc)([x]);
    return {
      value: quantizeCodes(x, q),
      gradFunc: (g: tf.Tensor, [x]: tf.Tensor[]) => tf.mul(g, sidesOf(x, q).inside),
    };
  });
  return op(x);
}

export function dorefaActivationQuantizer(bits: ActivationBits): ActivationFunction {
  const unit = { lo: 0, hi: 1 };
  return {
    bits,
    parameters: [],
    quantize: x => quantizeUnit(x, bits),
    fromBounds: () => ({}),
    constrain: values => values,
    toBounds: () => unit,
    calibrate: () => unit,
    toQuantizer: () => interval(bits, 0, 1),
  };
}
