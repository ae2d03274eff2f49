import { InputError, packCodes, packSigns } from '@apb/core';
import type * as tf from '@tensorflow/tfjs-core';
import { onHost, STRAIGHT } from './onHost.js';
import { meanMagnitude, scalesOfRows } from './scales.js';
import type { WeightQuantizer } from './weight.js';

/**
 * Ternary weight networks (Li, Zhang, Liu, arXiv 1605.04711, section 2.3). In every step, over the layer or each
 * output channel:
 *
 *     threshold = fl(0.7 * mean|w|)
 *     w_hat = sign(w) * alpha  if |w| > threshold,  0 otherwise
 *     alpha = mean of |w| over the weights above the threshold
 *
 * 0.7 is the paper's approximate least-squares solution for normal and uniform weights.
 *
 *     dL/dw = g            straight-through
 */
export interface TernaryOptions {
  /** One threshold and alpha per output channel in place of one per layer. */
  readonly perChannel?: boolean;
  /** Threshold over mean|w|. */
  readonly thresholdFactor?: number;
}

const defaults: Required<TernaryOptions> = { perChannel: false, thresholdFactor: 0.7 };

/** W_hat of latent weights w [..., out]. */
export function quantizeTernary(w: tf.Tensor, options: TernaryOptions = {}): tf.Tensor {
  const o = { ...defaults, ...options };
  const out = w.shape[w.rank - 1];
  return onHost([w], w => {
    const thresholds = meanMagnitude(w, out, o.perChannel).map(mean => o.thresholdFactor * mean);
    const groups = thresholds.length;
    const [sums, counts] = [new Float64Array(groups), new Uint32Array(groups)];
    w.forEach((x, i) => {
      if (!(Math.abs(x) > thresholds[i % groups])) return;
      sums[i % groups] += Math.abs(x);
      counts[i % groups]++;
    });
    const alpha = Float32Array.from(sums, (sum, c) => (counts[c] ? sum / counts[c] : 0));
    return {
      value: w.map((x, i) =>
        Math.abs(x) > thresholds[i % groups] ? (x < 0 ? -1 : 1) * alpha[i % groups] : 0,
      ),
      backward: () => [STRAIGHT],
    };
  });
}

export function ternaryQuantizer(options: TernaryOptions = {}): WeightQuantizer {
  const o = { ...defaults, ...options };
  if (!(o.thresholdFactor >= 0))
    throw new InputError(`thresholdFactor must be at least 0, got ${o.thresholdFactor}`);
  return {
    config: { kind: 'ternary', ...o },
    parameters: [],
    quantize: w => quantizeTernary(w, o),
    start: () => ({}),
    constrain: values => values,
    toWeightData({ quantized, shape }) {
      const [rows, k] = [shape[0], quantized.length / shape[0]];
      return {
        encoding: 'ternary',
        shape,
        nonzero: packCodes(
          Uint8Array.from(quantized, x => (x === 0 ? 0 : 1)),
          1,
          rows,
          k,
        ),
        signs: packSigns(quantized, rows, k),
        scales: scalesOfRows(quantized, rows, o.perChannel),
      };
    },
  };
}
