import { decompose, InputError, isBinarized, roundToFloat16 } from '@apb/core';
import type * as tf from '@tensorflow/tfjs-core';
import { onHost, STRAIGHT } from './onHost.js';
import { checkReduction, type Reduction, reductionFactor } from './reduction.js';
import { changed, meanMagnitude, startDelta } from './scales.js';
import type { QuantizerValues, WeightQuantizer } from './weight.js';

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
export interface ApbOptions {
  readonly reduction?: Reduction;
  /** One alpha per output channel in place of one per layer; delta stays one per layer. */
  readonly perChannel?: boolean;
  /** Whether an optimizer steps alpha and delta; otherwise they keep their start. */
  readonly learnAlpha?: boolean;
  readonly learnDelta?: boolean;
  /** Keeps delta above every alpha, so that weights near zero, 0 itself included, cannot turn full precision. */
  readonly deltaAboveAlpha?: boolean;
  readonly alphaMin?: number;
  readonly deltaMin?: number;
}

const apbDefaults: Required<ApbOptions> = {
  reduction: 'mean',
  perChannel: false,
  learnAlpha: true,
  learnDelta: true,
  deltaAboveAlpha: true,
  alphaMin: 1e-6,
  deltaMin: 1e-6,
};

/** W_hat of latent weights w [..., out]; alpha [] or [out], delta []. */
export function quantizeApb(
  w: tf.Tensor,
  alpha: tf.Tensor,
  delta: tf.Tensor,
  reduction: Reduction,
): tf.Tensor {
  return onHost([w, alpha, delta], (w, alpha, [delta]) => {
    const n = w.length;
    const value = new Float32Array(n);
    /** sign(w) where binarized, 0 elsewhere. */
    const signs = new Int8Array(n);
    for (let i = 0, c = 0; i < n; i++) {
      const x = w[i];
      const a = alpha[c];
      const sign = x < 0 ? -1 : 1;
      if (isBinarized(x, a, delta)) {
        signs[i] = sign;
        value[i] = sign * a;
      } else value[i] = x;
      if (++c === alpha.length) c = 0;
    }
    const forAlpha = reductionFactor(reduction, n / alpha.length);
    const forDelta = reductionFactor(reduction, n) / delta;
    return {
      value,
      // One pass for both sums, in float64.
      backward: g => {
        const sums = new Float64Array(alpha.length);
        let deltaSum = 0;
        for (let i = 0, c = 0; i < n; i++) {
          sums[c] += g[i] * signs[i];
          // w_hat - w is sign(w)*alpha - w where binarized and 0 elsewhere.
          deltaSum += g[i] * (value[i] - w[i]);
          if (++c === sums.length) c = 0;
        }
        return [
          STRAIGHT,
          Float32Array.from(sums, sum => sum * forAlpha),
          Float32Array.of(deltaSum * forDelta),
        ];
      },
    };
  });
}

export function apbQuantizer(options: ApbOptions = {}): WeightQuantizer {
  const o = { ...apbDefaults, ...options };
  checkOptions(o);
  const constrain = (values: QuantizerValues): QuantizerValues => {
    const alpha = values.alpha.map(a => Math.max(a, o.alphaMin));
    const floor = o.deltaAboveAlpha ? Math.max(nextAbove(largest(alpha)), o.deltaMin) : o.deltaMin;
    const bounded = { alpha, delta: values.delta.map(d => Math.max(d, floor)) };
    return changed(values, bounded) ? bounded : values;
  };
  return {
    config: { kind: 'apb', ...o },
    parameters: [
      { name: 'alpha', per: o.perChannel ? 'channel' : 'layer', role: 'scale', trainable: o.learnAlpha },
      { name: 'delta', per: 'layer', role: 'width', trainable: o.learnDelta },
    ],
    quantize: (w, { alpha, delta }) => quantizeApb(w, alpha, delta, o.reduction),
    start(w, outChannels, rule) {
      const alpha = meanMagnitude(w, outChannels, o.perChannel);
      return constrain({ alpha, delta: Float32Array.of(startDelta(w, alpha, rule)) });
    },
    constrain,
    /** Values at full-precision positions are rounded to `valueType`; the mask is that of the unrounded weights. */
    toWeightData({ latent, shape, values: { alpha, delta } }, valueType) {
      const weights = decompose(latent, shape[0], latent.length / shape[0], alpha, delta[0]);
      if (valueType === 'float32') return { encoding: 'apb', shape, weights, valueType };
      const rounded = { ...weights, values: weights.values.map(roundToFloat16) };
      return { encoding: 'apb', shape, weights: rounded, valueType };
    },
  };
}

/** A float32 one or two steps above x > 0: x * 2^-23 is between one and two units in x's last place. */
function nextAbove(x: number): number {
  return Math.fround(x * (1 + 2 ** -23));
}

function largest(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b));
}

function checkOptions(o: Required<ApbOptions>): void {
  checkReduction(o.reduction);
  for (const key of ['alphaMin', 'deltaMin'] as const)
    if (!(o[key] >= 1e-30)) throw new InputError(`${key} must be at least 1e-30, got ${o[key]}`);
}
