import { type ActivationBits, InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction, ActivationValues, Bounds } from './activation.js';
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
 * Uniform b-bit quantization on a learned interval [lo, hi]. With L = 2^b - 1, c = clip(x, lo, hi) and
 * t = (c - lo) / (hi - lo):
 *
 *     q = roundHalfEven(fl(fl(c - lo) * inv)),  a = fl(lo + fl(step * q)),  inv = fl(L / fl(hi - lo)),  step = fl(fl(hi - lo) / L)
 *
 * in float32 and in this order, which is core's `quantizeValue` and `dequantizeValue`.
 *
 * Pseudo-gradients (PACT, arXiv 1805.06085, with LSQ's inner term, arXiv 1902.08153), for x above, below, inside:
 *
 *     da/dhi = 1, 0, q/L - t        da/dlo = 0, 1, t - q/L        da/dx = 0, 0, 1
 *
 * EWGS (arXiv 2104.00903) scales the inner da/dx by 1 + kappa * sign(g) * (t - q/L), in normalised units.
 *
 * `symmetric` ties lo = -hi, for inputs of both signs: da/dhi = 1, -1, 2(q/L - t). With 2 bits the values are
 * -3s/2, -s/2, s/2, 3s/2, the symmetric set of the paper's 1/2 algorithm (arXiv 2306.08960).
 */
export interface UniformOptions {
  readonly backward?: 'ewgs' | 'ste';
  readonly kappa?: number;
  /** lo stays 0 (behind a ReLU) unless it is learned. */
  readonly learnLo?: boolean;
  /** lo = -hi; hi alone is learned. */
  readonly symmetric?: boolean;
}

const defaults: Required<UniformOptions> = {
  backward: 'ewgs',
  kappa: 1e-3,
  learnLo: false,
  symmetric: false,
};

/**
 * @param x values [N, ...]; lo and hi [] with lo < hi
 * @param kappa strength of EWGS, 0 for the plain straight-through estimator
 */
export function quantizeUniform(
  x: tf.Tensor,
  lo: tf.Tensor,
  hi: tf.Tensor,
  bits: ActivationBits,
  kappa: number,
): tf.Tensor {
  const op = tf.customGrad((xIn, loIn, hiIn, saveIn) => {
    const x = xIn as tf.Tensor;
    const q = interval(bits, scalarOf(loIn as tf.Tensor), scalarOf(hiIn as tf.Tensor));
    const a = quantizeCodes(x, q);
    (saveIn as tf.GradSaveFunc)([x, a]);
    return {
      value: a,
      gradFunc: (g: tf.Tensor, [x, a]: tf.Tensor[]) => {
        const { clipped, above, below, inside } = sidesOf(x, q);
        // t - q/L = (c - a) / (hi - lo): zero outside, up to the rounding of a at the ends.
        const error = tf.mul(tf.sub(clipped, a), 1 / (q.hi - q.lo));
        const dx = kappa === 0 ? g : tf.add(g, tf.mul(tf.mul(tf.abs(g), error), kappa));
        const bound = (d: tf.Tensor) => boundGradient(x, bits, tf.mul(g, d));
        return [tf.mul(dx, inside), bound(tf.add(below, error)), bound(tf.sub(above, error))];
      },
    };
  });
  return op(x, lo, hi);
}

export function uniformActivationQuantizer(
  bits: ActivationBits,
  options: UniformOptions = {},
): ActivationFunction {
  const o = { ...defaults, ...options };
  if (o.backward !== 'ewgs' && o.backward !== 'ste')
    throw new InputError(`backward ${String(o.backward)} is unknown for ${bits}-bit codes; use ewgs or ste`);
  if (o.symmetric && o.learnLo)
    throw new InputError('a symmetric interval has one end to learn; leave out learnLo or symmetric');
  const kappa = o.backward === 'ewgs' ? o.kappa : 0;
  const nearest = ({ lo, hi }: Bounds): Bounds => {
    if (o.symmetric) {
      const end = Math.fround(Math.max(hi, widthMin));
      return { lo: -end, hi: end };
    }
    const low = o.learnLo ? Math.fround(lo) : 0;
    return { lo: low, hi: Math.fround(Math.max(hi, low + widthMin * Math.max(1, Math.abs(low)))) };
  };
  const valuesOf = ({ lo, hi }: Bounds): ActivationValues => (o.symmetric ? { hi } : { lo, hi });
  return {
    bits,
    parameters: [
      { name: 'hi', trainable: true },
      ...(o.symmetric ? [] : [{ name: 'lo', trainable: o.learnLo }]),
    ],
    quantize: (x, { lo, hi }) => quantizeUniform(x, o.symmetric ? tf.neg(hi) : lo, hi, bits, kappa),
    fromBounds: bounds => valuesOf(nearest(bounds)),
    constrain: ({ lo, hi }) => valuesOf(nearest({ lo, hi })),
    toBounds: ({ lo, hi }) => ({ lo: o.symmetric ? -hi : lo, hi }),
    calibrate: (sample, { lo }) => nearest({ lo, hi: leastSquaresHi(sample, bits, lo, o.symmetric) }),
    toQuantizer: ({ lo, hi }) => interval(bits, lo, hi),
  };
}
