import { decompose, InputError, roundToFloat16, type ValueType, type WeightData } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { channelSums } from '../ops/channelMeans.js';
import { meanMagnitude, startDelta } from './scales.js';
import type { DeltaRule, WeightQuantizer, WeightScales } from './weight.js';

/**
 * Automatic Prune Binarization (Nardini, Rulli, Trani, Venturini, arXiv 2306.08960). With scale alpha > 0 and
 * half-width delta > 0, in float32:
 *
 *     binarized(w)  <=>  | |w| - alpha | < delta
 *     w_hat = sign(w) * alpha  if binarized (negative <=> w < 0, so +0 and -0 are +1),  w otherwise
 *
 * Pseudo-gradients, g = dL/dw_hat, sums over the n weights that share the scalar:
 *
 *     dL/dw     = g                                                   straight-through
 *     dL/dalpha = sum over binarized of g * sign(w)                   exact with the mask held fixed
 *     dL/ddelta = sum over binarized of g * (sign(w)*alpha - w) / delta
 *
 * The last is a surrogate: moving a weight into the interval moves w_hat by sign(w)*alpha - w. The scalars'
 * sums are divided as `reduction` says.
 */

/** How the n summands of a scalar's gradient are scaled: not, by 1/n, or by 1/sqrt(n) (LSQ, arXiv 1902.08153). */
export type Reduction = 'sum' | 'mean' | 'lsq';

export interface ApbOptions {
  readonly reduction?: Reduction;
  /** One alpha per output channel in place of one per layer; delta stays one per layer. */
  readonly perChannel?: boolean;
  /** Keeps delta above every alpha, so that weights near zero, 0 itself included, cannot turn full precision. */
  readonly deltaAboveAlpha?: boolean;
  readonly alphaMin?: number;
  readonly deltaMin?: number;
}

/**
 * `deltaMin` stays far above the subnormal range, where engines that flush subnormals to zero would decide
 * `t < delta` by `delta - t > 0` wrongly.
 */
const apbDefaults: Required<ApbOptions> = {
  reduction: 'mean',
  perChannel: false,
  deltaAboveAlpha: true,
  alphaMin: 1e-6,
  deltaMin: 1e-6,
};

/**
 * W_hat of latent weights w [..., out]; alpha [] or [out], delta [].
 *
 * Comparisons are written with `step`, which is exact (fl(delta - t) > 0 <=> t < delta, and -w > 0 <=> w < 0) and
 * on wasm 10 times faster than `less` and `where`.
 */
export function quantizeApb(
  w: tf.Tensor,
  alpha: tf.Tensor,
  delta: tf.Tensor,
  reduction: Reduction,
): tf.Tensor {
  const op = tf.customGrad((wIn, alphaIn, deltaIn, saveIn) => {
    const [w, alpha, delta] = [wIn, alphaIn, deltaIn] as tf.Tensor[];
    const save = saveIn as tf.GradSaveFunc;
    const binarized = tf.step(tf.sub(delta, tf.abs(tf.sub(tf.abs(w), alpha))));
    const binarizedSign = tf.mul(binarized, signOf(w));
    // One of the two terms is a zero, so the sum is exact.
    const wHat = tf.add(tf.mul(binarizedSign, alpha), tf.mul(tf.sub(1, binarized), w));
    save([w, binarizedSign, wHat, delta]);
    return {
      value: wHat,
      gradFunc: (g: tf.Tensor, saved: tf.Tensor[]) => {
        const [w, binarizedSign, wHat, delta] = saved;
        return [
          g,
          reduceTo(alpha.shape, tf.mul(g, binarizedSign), reduction),
          // w_hat - w is sign(w)*alpha - w where binarized and 0 elsewhere.
          tf.div(reduceTo([], tf.mul(g, tf.sub(wHat, w)), reduction), delta),
        ];
      },
    };
  });
  return op(w, alpha, delta);
}

/** +1 or -1, negative by `w < 0`. */
export function signOf(w: tf.Tensor): tf.Tensor {
  return tf.sub(1, tf.mul(2, tf.step(tf.neg(w))));
}

/** Sums x [..., out] down to [] or [out] and divides by the reduction's share of the summands. */
export function reduceTo(shape: number[], x: tf.Tensor, reduction: Reduction): tf.Tensor {
  const sums = channelSums(x);
  const total = shape.length === 0 ? tf.sum(sums) : tf.reshape(sums, shape);
  const count = x.size / total.size;
  if (reduction === 'sum') return total;
  return tf.mul(total, 1 / (reduction === 'mean' ? count : Math.sqrt(count)));
}

export function apbQuantizer(options: ApbOptions = {}): WeightQuantizer {
  const o = { ...apbDefaults, ...options };
  checkOptions(o);
  const constrain = ({ alpha, delta }: WeightScales): WeightScales => {
    const bounded = alpha.map(a => Math.max(a, o.alphaMin));
    const floor = o.deltaAboveAlpha ? Math.max(...bounded.map(nextAbove), o.deltaMin) : o.deltaMin;
    return { alpha: bounded, delta: Math.fround(Math.max(delta, floor)) };
  };
  return {
    config: { kind: 'apb', ...o },
    learnsDelta: true,
    quantize: (w, alpha, delta) => quantizeApb(w, alpha, delta!, o.reduction),
    start(w: Float32Array, outChannels: number, rule: DeltaRule) {
      const alpha = meanMagnitude(w, outChannels, o.perChannel);
      return constrain({ alpha, delta: startDelta(w, alpha, rule) });
    },
    constrain,
    toWeightData: apbWeightData,
  };
}

/** A float32 one or two steps above x > 0: x * 2^-23 is between one and two units in x's last place. */
function nextAbove(x: number): number {
  return Math.fround(x * (1 + 2 ** -23));
}

/** Values at full-precision positions are rounded to `valueType`; the mask is that of the unrounded weights. */
function apbWeightData(
  w: Float32Array,
  shape: readonly number[],
  { alpha, delta }: WeightScales,
  valueType: ValueType,
): WeightData {
  const weights = decompose(w, shape[0], w.length / shape[0], alpha, delta);
  if (valueType === 'float32') return { encoding: 'apb', shape, weights, valueType };
  return {
    encoding: 'apb',
    shape,
    weights: { ...weights, values: weights.values.map(roundToFloat16) },
    valueType,
  };
}

function checkOptions(o: Required<ApbOptions>): void {
  if (!['sum', 'mean', 'lsq'].includes(o.reduction))
    throw new InputError(`reduction ${String(o.reduction)} is unknown; use sum, mean or lsq`);
  for (const key of ['alphaMin', 'deltaMin'] as const)
    if (!(o[key] >= 1e-30)) throw new InputError(`${key} must be at least 1e-30, got ${o[key]}`);
}
