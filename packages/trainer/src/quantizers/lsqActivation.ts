import type { ActivationBits } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction } from './activation.js';
import { interval, leastSquaresHi, widthMin } from './codes.js';
import { quantizeUniform } from './uniform.js';

/**
 * LSQ (Esser et al., arXiv 1902.08153): b-bit codes with a learned step, a = step * roundHalfEven(clip(x / step, 0, L)),
 * L = 2^b - 1. In core's form it is the interval [0, fl(L * step)]; `symmetric`, for inputs of both signs, is
 * [-fl(L/2 * step), fl(L/2 * step)], without a zero. v = x / step; for x above, below, inside:
 *
 *     da/dstep = L, 0, q - v        symmetric: L/2, -L/2, q - L/2 - v        da/dx = 0, 0, 1
 *
 * The step's gradient is scaled by 1 / sqrt(L * features per example). It is uniform.ts's, by the chain rule through
 * the bounds; what differs is that an optimizer moves the step and not the end of the interval.
 */
export interface LsqActivationOptions {
  readonly symmetric?: boolean;
}

/** @param step [], > 0 */
export function quantizeLsqActivation(
  x: tf.Tensor,
  step: tf.Tensor,
  bits: ActivationBits,
  symmetric = false,
): tf.Tensor {
  const hi = tf.mul(step, endInSteps(bits, symmetric));
  return quantizeUniform(x, symmetric ? tf.neg(hi) : tf.scalar(0), hi, bits, 0);
}

export function lsqActivationQuantizer(
  bits: ActivationBits,
  { symmetric = false }: LsqActivationOptions = {},
): ActivationFunction {
  const end = endInSteps(bits, symmetric);
  const stepOf = (hi: number) => Math.fround(Math.max(hi, widthMin) / end);
  /** As float32 arithmetic multiplies them. */
  const boundsOf = (step: number) => {
    const hi = Math.fround(step * end);
    return { lo: symmetric ? -hi : 0, hi };
  };
  return {
    bits,
    parameters: [{ name: 'step', trainable: true }],
    quantize: (x, { step }) => quantizeLsqActivation(x, step, bits, symmetric),
    fromBounds: ({ hi }) => ({ step: stepOf(hi) }),
    constrain: ({ step }) => ({ step: Math.max(step, stepOf(0)) }),
    toBounds: ({ step }) => boundsOf(step),
    calibrate: sample => boundsOf(stepOf(leastSquaresHi(sample, bits, 0, symmetric))),
    toQuantizer: ({ lo, hi }) => interval(bits, lo, hi),
  };
}

/** The interval's upper end in steps. */
function endInSteps(bits: ActivationBits, symmetric: boolean): number {
  return (2 ** bits - 1) / (symmetric ? 2 : 1);
}
