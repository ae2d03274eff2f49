import { roundHalfEven } from '@apb/core';
import type * as tf from '@tensorflow/tfjs-core';
import { onHost } from './onHost.js';
import { groupSums } from './reduction.js';
import { meanMagnitude } from './scales.js';

/**
 * k-bit weights with a learned step (LSQ: Esser et al., arXiv 1902.08153). With L = 2^bits - 1, v = fl(w / step):
 *
 *     q = roundHalfEven(clip(v + L/2, 0, L)),  w_hat = (q - L/2) * step = (2q - L) * scale,  scale = step / 2
 *
 * The paper's grid has a zero and one level more below it than above; this one lies half a step beside it, symmetric
 * and without a zero: what core's kbit encoding and the paper's 2/2 algorithm (arXiv 2306.08960) hold. Gradients
 * are LSQ's, of the 1 / sqrt(n * L/2) that scales the step's gradient too (n weights share it):
 *
 *     dL/dw    = g where |v| <= L/2, 0 elsewhere
 *     dL/dstep = 1 / sqrt(n * L/2) * sum g * (q - L/2 - v  where |v| <= L/2,  +-L/2 elsewhere)
 *
 * @param step [] or [out], > 0
 * @param mask 1 for weights that stay, 0 for those that are pruned: w_hat is 0 there and nothing learns from it
 */
export function quantizeLsq(w: tf.Tensor, step: tf.Tensor, bits: number, mask?: Float32Array): tf.Tensor {
  const levels = 2 ** bits - 1;
  return onHost([w, step], (w, step) => {
    const n = w.length;
    const value = new Float32Array(n);
    const inside = new Uint8Array(n);
    /** dw_hat / dstep */
    const slope = new Float32Array(n);
    for (let i = 0, c = 0; i < n; i++) {
      const s = step[c];
      if (++c === step.length) c = 0;
      if (mask && mask[i] === 0) continue;
      const v = Math.fround(w[i] / s);
      const units = 2 * roundHalfEven(Math.min(Math.max(v + levels / 2, 0), levels)) - levels;
      value[i] = units * (s / 2);
      inside[i] = Math.abs(v) <= levels / 2 ? 1 : 0;
      slope[i] = units / 2 - (inside[i] ? v : 0);
    }
    const scale = 1 / Math.sqrt((n / step.length) * (levels / 2));
    return {
      value,
      backward: g => [
        g.map((gi, i) => (inside[i] ? gi : 0)),
        groupSums(n, step.length, scale, i => g[i] * slope[i]),
      ],
    };
  });
}

/** Smallest step. */
export const stepMin = 1e-6;

/** LSQ's start, 2 * mean|w| / sqrt(largest level), over the layer or each output channel. */
export function startStep(
  w: Float32Array,
  outChannels: number,
  bits: number,
  perChannel: boolean,
): Float32Array {
  const top = (2 ** bits - 1) / 2;
  return meanMagnitude(w, outChannels, perChannel).map(mean => (2 * mean) / Math.sqrt(top));
}
