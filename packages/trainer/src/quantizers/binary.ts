import { InputError, packSigns } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Reduction, reduceTo, signOf } from './apb.js';
import { meanMagnitude } from './scales.js';
import type { WeightQuantizer, WeightScales } from './weight.js';

/**
 * Plain binarization, APB with delta infinite: w_hat = sign(w) * alpha for every weight. Alpha starts at mean|w|,
 * the least-squares scale of XNOR-Net (arXiv 1603.05279), and is then learned like APB's own alpha rather than
 * recomputed each step, so that the two differ in the full-precision weights alone.
 *
 *     dL/dw = g            straight-through
 *     dL/dalpha = sum of g * sign(w), reduced as in apb.ts
 */
export interface BinaryOptions {
  readonly reduction?: Reduction;
  /** One alpha per output channel in place of one per layer. */
  readonly perChannel?: boolean;
  readonly alphaMin?: number;
}

const defaults: Required<BinaryOptions> = { reduction: 'mean', perChannel: false, alphaMin: 1e-6 };

/** W_hat of latent weights w [..., out]; alpha [] or [out]. */
export function quantizeBinary(w: tf.Tensor, alpha: tf.Tensor, reduction: Reduction): tf.Tensor {
  const op = tf.customGrad((wIn, alphaIn, saveIn) => {
    const [w, alpha] = [wIn, alphaIn] as tf.Tensor[];
    const sign = signOf(w);
    (saveIn as tf.GradSaveFunc)([sign]);
    return {
      value: tf.mul(sign, alpha),
      gradFunc: (g: tf.Tensor, [sign]: tf.Tensor[]) => [g, reduceTo(alpha.shape, tf.mul(g, sign), reduction)],
    };
  });
  return op(w, alpha);
}

export function binaryQuantizer(options: BinaryOptions = {}): WeightQuantizer {
  const o = { ...defaults, ...options };
  if (!(o.alphaMin > 0)) throw new InputError(`alphaMin must be positive, got ${o.alphaMin}`);
  const constrain = ({ alpha }: WeightScales): WeightScales => ({
    alpha: alpha.map(a => Math.max(a, o.alphaMin)),
    delta: Number.POSITIVE_INFINITY,
  });
  return {
    config: { kind: 'binary', ...o },
    learnsDelta: false,
    quantize: (w, alpha) => quantizeBinary(w, alpha, o.reduction),
    start: (w, outChannels) =>
      constrain({ alpha: meanMagnitude(w, outChannels, o.perChannel), delta: Number.POSITIVE_INFINITY }),
    constrain,
    toWeightData: (w, shape, { alpha }) => ({
      encoding: 'binary',
      shape,
      signs: packSigns(w, shape[0], w.length / shape[0]),
      scales: alpha.slice(),
    }),
  };
}
