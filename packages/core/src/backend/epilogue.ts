const f = Math.fround;

/** Batch normalisation as it is stored: four vectors over channels and an epsilon. */
export interface BatchNorm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/**
 * Folds a bias and a batch norm into one scale and shift per channel, in float64, rounded once:
 * scale = gamma / sqrt(variance + epsilon), shift = beta + (bias - mean) * scale. Folding goes here and
 * never into alpha or the signs.
 */
export function foldEpilogue(
  channels: number,
  bias?: Float32Array,
  norm?: BatchNorm,
): { scale: Float32Array; shift: Float32Array } {
  const scale = new Float32Array(channels).fill(1);
  const shift = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const b = bias ? bias[c] : 0;
    if (!norm) {
      shift[c] = b;
      continue;
    }
    const s = norm.gamma[c] / Math.sqrt(norm.variance[c] + norm.epsilon);
    scale[c] = f(s);
    shift[c] = f(norm.beta[c] + (b - norm.mean[c]) * s);
  }
  return { scale, shift };
}
