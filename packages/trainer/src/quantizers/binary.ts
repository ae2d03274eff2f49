import { InputError, packSigns } from '@apb/core';
import type * as tf from '@tensorflow/tfjs-core';
import { onHost, STRAIGHT } from './onHost.js';
import { checkReduction, groupSums, type Reduction, reductionFactor } from './reduction.js';
import { changed, meanMagnitude, scalesOfRows } from './scales.js';
import type { QuantizerValues, WeightQuantizer } from './weight.js';

/**
 * Plain binarization, APB with delta infinite: w_hat = sign(w) * alpha for every weight.
 *
 * - scale `learned`: alpha starts at mean|w| and is then learned like APB's own, so that the two differ in the
 *   full-precision weights alone.
 * - scale `mean`: alpha = mean|w| in every step, the least-squares scale of binary-weight and XNOR networks
 *   (Rastegari et al., arXiv 1603.05279); not a parameter.
 *
 *     dL/dw = g            straight-through; for `mean` as in DoReFa-Net (arXiv 1606.06160, eq. 7), alpha held fixed
 *     dL/dalpha = sum of g * sign(w), reduced as in apb.ts
 */
export interface BinaryOptions {
  readonly scale?: 'learned' | 'mean';
  readonly reduction?: Reduction;
  /** One alpha per output channel in place of one per layer. */
  readonly perChannel?: boolean;
  readonly alphaMin?: number;
}

const defaults: Required<BinaryOptions> = {
  scale: 'learned',
  reduction: 'mean',
  perChannel: false,
  alphaMin: 1e-6,
};

/** W_hat of latent weights w [..., out] and a learned alpha [] or [out]. */
export function quantizeBinary(w: tf.Tensor, alpha: tf.Tensor, reduction: Reduction): tf.Tensor {
  return onHost([w, alpha], (w, alpha) => {
    const factor = reductionFactor(reduction, w.length / alpha.length);
    return {
      value: signsTimes(w, alpha),
      backward: g => [STRAIGHT, groupSums(w.length, alpha.length, factor, i => (w[i] < 0 ? -g[i] : g[i]))],
    };
  });
}

/** W_hat with alpha = mean|w|, at least alphaMin, over the layer or each output channel. */
export function quantizeBinaryByMean(w: tf.Tensor, perChannel: boolean, alphaMin: number): tf.Tensor {
  const out = w.shape[w.rank - 1];
  return onHost([w], w => ({
    value: signsTimes(
      w,
      meanMagnitude(w, out, perChannel).map(a => Math.max(a, alphaMin)),
    ),
    backward: () => [STRAIGHT],
  }));
}

export function binaryQuantizer(options: BinaryOptions = {}): WeightQuantizer {
  const o = { ...defaults, ...options };
  if (o.scale !== 'learned' && o.scale !== 'mean')
    throw new InputError(`scale ${String(o.scale)} is unknown for binary weights; use learned or mean`);
  checkReduction(o.reduction);
  if (!(o.alphaMin > 0)) throw new InputError(`alphaMin must be positive, got ${o.alphaMin}`);
  const learned = o.scale === 'learned';
  const constrain = (values: QuantizerValues): QuantizerValues => {
    if (!learned) return values;
    const bounded = { alpha: values.alpha.map(a => Math.max(a, o.alphaMin)) };
    return changed(values, bounded) ? bounded : values;
  };
  return {
    config: { kind: 'binary', ...o },
    parameters: learned
      ? [{ name: 'alpha', per: o.perChannel ? 'channel' : 'layer', role: 'scale', trainable: true }]
      : [],
    quantize: (w, { alpha }) =>
      learned ? quantizeBinary(w, alpha, o.reduction) : quantizeBinaryByMean(w, o.perChannel, o.alphaMin),
    start: (w, outChannels) =>
      learned ? constrain({ alpha: meanMagnitude(w, outChannels, o.perChannel) }) : {},
    constrain,
    toWeightData: ({ quantized, shape }) => ({
      encoding: 'binary',
      shape,
      signs: packSigns(quantized, shape[0], quantized.length / shape[0]),
      scales: scalesOfRows(quantized, shape[0], o.perChannel),
    }),
  };
}

/** alpha repeats over the last axis of w. */
function signsTimes(w: Float32Array, alpha: Float32Array): Float32Array {
  return w.map((x, i) => (x < 0 ? -1 : 1) * alpha[i % alpha.length]);
}
