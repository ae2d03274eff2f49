import type * as tf from '@tensorflow/tfjs-core';
import { onHost } from './onHost.js';

/**
 * k-bit weights of DoReFa-Net (Zhou et al., arXiv 1606.06160, eq. 9). With L = 2^bits - 1 and M = max|tanh(w)| over
 * the layer:
 *
 *     t = tanh(w) / (2 M) + 1/2,  q = round(t * L),  w_hat = 2 q / L - 1 = (2q - L) / L
 *
 * The range is [-1, 1] whatever the layer's: a batch norm behind it takes up the factor, and a pretrained network's
 * statistics have to be estimated anew.
 *
 *     dL/dw = g * (1 - tanh(w)^2) / M      straight through the rounding, M held fixed
 */
export function quantizeDorefa(w: tf.Tensor, bits: number): tf.Tensor {
  return onHost([w], w => {
    const levels = 2 ** bits - 1;
    const scale = Math.fround(1 / levels);
    const tanh = Float64Array.from(w, Math.tanh);
    // Weights that are all zero lie in the middle of their range.
    const max = tanh.reduce((m, t) => Math.max(m, Math.abs(t)), 0) || 1;
    return {
      value: Float32Array.from(tanh, t => (2 * Math.round((t / (2 * max) + 0.5) * levels) - levels) * scale),
      backward: g => [g.map((gi, i) => (gi * (1 - tanh[i] ** 2)) / max)],
    };
  });
}
