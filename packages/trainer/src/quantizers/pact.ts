import type { ActivationBits } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction } from './activation.js';
import {
  boundGradient,
  interval,
  leastSquaresHi,
  quantizeCodes,
  scalarOf,
  sidesOf,
  widthMin,
} from './codes.js';

/**
 * PACT (Choi et al., arXiv 1805.06085): clipping at a learned hi, then b uniform bits of [0, hi]. With c = clip(x, 0, hi)
 * the codes are those of uniform.ts, and for x above, below, inside:
 *
 *     da/dhi = 1, 0, 0        da/dx = 0, 0, 1
 *
 * Only clipped values move hi (uniform.ts adds what rounding says inside). The paper decays hi by an L2 term and
 * sums its gradient; here it is LSQ's scale times the sum, as for every bound.
 */
export function quantizePact(x: tf.Tensor, hi: tf.Tensor, bits: ActivationBits): tf.Tensor {
  const op = tf.customGrad((xIn, hiIn, saveIn) => {
    const x = xIn as tf.Tensor;
    const q = interval(bits, 0, scalarOf(hiIn as tf.Tensor));
    (saveIn as tf.GradSaveFunc)([x]);
    return {
      value: quantizeCodes(x, q),
      gradFunc: (g: tf.Tensor, [x]: tf.Tensor[]) => {
        const { above, inside } = sidesOf(x, q);
        return [tf.mul(g, inside), boundGradient(x, bits, tf.mul(g, above))];
      },
    };
  });
  return op(x, hi);
}

export function pactActivationQuantizer(bits: ActivationBits): ActivationFunction {
  const nearest = (hi: number) => Math.fround(Math.max(hi, widthMin));
  return {
    bits,
    parameters: [{ name: 'hi', trainable: true }],
    quantize: (x, { hi }) => quantizePact(x, hi, bits),
    fromBounds: ({ hi }) => ({ hi: nearest(hi) }),
    constrain: ({ hi }) => ({ hi: nearest(hi) }),
    toBounds: ({ hi }) => ({ lo: 0, hi }),
    calibrate: sample => ({ lo: 0, hi: leastSquaresHi(sample, bits, 0) }),
    toQuantizer: ({ hi }) => interval(bits, 0, hi),
  };
}
