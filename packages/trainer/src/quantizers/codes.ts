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

/** What the quantizers with uniform codes share. */

/** Smallest width of an interval, absolute and relative to lo. */
export const widthMin = 1e-4;

/** Core's constants of `bits` bits on [lo, hi]. */
export function interval(bits: ActivationBits, lo: number, hi: number) {
  const q = uniformQuantizer(bits, lo, hi);
  if (q.kind !== 'code') throw new InputError(`${bits} bits are not a uniform code`);
  return q;
}

type Interval = ReturnType<typeof interval>;

/** x clipped to the interval, and its quantized value: core's `quantizeValue` and `dequantizeValue`, bit for bit. */
export function quantizeCodes(x: tf.Tensor, q: Interval): tf.Tensor {
  const scaled = tf.mul(tf.sub(tf.clipByValue(x, q.lo, q.hi), q.lo), q.inv);
  return tf.add(q.base, tf.mul(q.step, tf.round(scaled)));
}

/**
 * Where x lies above and below the interval, and the clipped x itself. A value at an end is inside.
 */
export function sidesOf(x: tf.Tensor, q: Interval) {
  const clipped = tf.clipByValue(x, q.lo, q.hi);
  const rest = tf.sub(x, clipped);
  const above = tf.step(rest);
  const below = tf.step(tf.neg(rest));
  return { clipped, above, below, inside: tf.sub(1, tf.add(above, below)) };
}

/**
 * The gradient of a bound or step, sum(g * d): divided by sqrt(L * features per example), LSQ's scale
 * (arXiv 1902.08153). With it one learning rate serves the bounds and the weights.
 * @param x [N, ...]
 */
export function boundGradient(x: tf.Tensor, bits: ActivationBits, gd: tf.Tensor): tf.Tensor {
  const scale = 1 / Math.sqrt((2 ** bits - 1) * (x.size / x.shape[0]));
  return tf.mul(tf.sum(channelSums(gd)), scale);
}

/** hi with the smallest squared quantization error on a sample; lo fixed, or -hi where `symmetric`. */
export function leastSquaresHi(
  sample: Float32Array,
  bits: ActivationBits,
  lo: number,
  symmetric = false,
): number {
  const size = (x: number) => (symmetric ? Math.abs(x) : x);
  const top = sample.reduce((a, b) => Math.max(a, size(b)), symmetric ? widthMin : lo + widthMin);
  const from = symmetric ? 0 : lo;
  let best = { hi: top, error: Number.POSITIVE_INFINITY };
  for (let i = 1; i <= 64; i++) {
    const hi = from + ((top - from) * i) / 64;
    const q = interval(bits, symmetric ? -hi : lo, hi);
    const e = encodingOf(q);
    let error = 0;
    for (const x of sample) error += (x - dequantizeValue(quantizeValue(x, q), e)) ** 2;
    if (error < best.error) best = { hi, error };
  }
  return Math.fround(best.hi);
}

/** Reads a scalar to JavaScript; core's constants come from it, and `clipByValue` takes numbers. */
export function scalarOf(x: tf.Tensor): number {
  return x.dataSync()[0];
}
