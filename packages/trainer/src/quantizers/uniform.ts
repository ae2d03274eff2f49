import {
  type ActivationBits,
  dequantizeValue,
  encodingOf,
  InputError,
  quantizeValue,
  uniformQuantizer,
} from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { channelSums } from '../ops/channelMeans.js';
import type { ActivationFunction } from './activation.js';

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
 */
export interface UniformOptions {
  readonly backward?: 'ewgs' | 'ste';
  readonly kappa?: number;
  /** lo stays 0 (behind a ReLU) unless it is learned. */
  readonly learnLo?: boolean;
}

const defaults: Required<UniformOptions> = { backward: 'ewgs', kappa: 1e-3, learnLo: false };

/** Smallest width of the interval, absolute and relative to lo. */
const widthMin = 1e-4;

/**
 * @param x values [N, ...]; lo and hi [] with lo < hi
 * @param kappa strength of EWGS, 0 for the plain straight-through estimator
 *
 * The gradients of lo and hi are divided by sqrt(L * features per example), LSQ's scale: with it one learning
 * rate serves the bounds and the weights.
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
    const scaled = tf.mul(tf.sub(tf.clipByValue(x, q.lo, q.hi), q.lo), q.inv);
    const a = tf.add(q.base, tf.mul(q.step, tf.round(scaled)));
    (saveIn as tf.GradSaveFunc)([x, a]);
    const levels = 2 ** bits - 1;
    const boundScale = 1 / Math.sqrt(levels * (x.size / x.shape[0]));
    return {
      value: a,
      gradFunc: (g: tf.Tensor, [x, a]: tf.Tensor[]) => {
        const clipped = tf.clipByValue(x, q.lo, q.hi);
        const rest = tf.sub(x, clipped);
        const above = tf.step(rest);
        const below = tf.step(tf.neg(rest));
        const inside = tf.sub(1, tf.add(above, below));
        // t - q/L = (c - a) / (hi - lo): zero outside, up to the rounding of a at the ends.
        const error = tf.mul(tf.sub(clipped, a), 1 / (q.hi - q.lo));
        const dx = kappa === 0 ? g : tf.add(g, tf.mul(tf.mul(tf.abs(g), error), kappa));
        const bound = (d: tf.Tensor) => tf.mul(tf.sum(channelSums(tf.mul(g, d))), boundScale);
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
  const kappa = o.backward === 'ewgs' ? o.kappa : 0;
  return {
    bits,
    learnsBounds: true,
    quantize: (x, lo, hi) => quantizeUniform(x, lo!, hi!, bits, kappa),
    constrain: ({ lo, hi }) => {
      const low = o.learnLo ? Math.fround(lo) : 0;
      return { lo: low, hi: Math.fround(Math.max(hi, low + widthMin * Math.max(1, Math.abs(low)))) };
    },
    calibrate: (sample, lo) => ({ lo, hi: leastSquaresHi(sample, lo, bits) }),
    toQuantizer: ({ lo, hi }) => interval(bits, lo, hi),
  };
}

/** hi with the smallest squared quantization error on a sample, from 64 steps up to the sample's maximum. */
function leastSquaresHi(sample: Float32Array, lo: number, bits: ActivationBits): number {
  const top = sample.reduce((a, b) => Math.max(a, b), lo + widthMin);
  let best = { hi: top, error: Number.POSITIVE_INFINITY };
  for (let i = 1; i <= 64; i++) {
    const hi = lo + ((top - lo) * i) / 64;
    const q = interval(bits, lo, hi);
    const e = encodingOf(q);
    let error = 0;
    for (const x of sample) error += (x - dequantizeValue(quantizeValue(x, q), e)) ** 2;
    if (error < best.error) best = { hi, error };
  }
  return Math.fround(best.hi);
}

function interval(bits: ActivationBits, lo: number, hi: number) {
  const q = uniformQuantizer(bits, lo, hi);
  if (q.kind !== 'code') throw new InputError(`${bits} bits are not a uniform code`);
  return q;
}

/** Reads a scalar to JavaScript; core's constants come from it, and `clipByValue` takes numbers. */
function scalarOf(x: tf.Tensor): number {
  return x.dataSync()[0];
}
