import { InputError, roundToFloat16 } from '@apb/core';
import type * as tf from '@tensorflow/tfjs-core';
import { onHost, STRAIGHT } from './onHost.js';
import type { QuantizerParameter, WeightQuantizer } from './weight.js';

/**
 * Magnitude pruning (Zhu & Gupta, arXiv 1710.01878): w_hat = mask * w. The mask is state of the layer; `maskOf` sets
 * it to leave out the share of weights that a schedule asks for, the smallest |w| first.
 *
 *     dL/dw = g * mask     the paper's: pruned weights stay as they are
 *           = g            `straight-through`: they go on learning and may come back with the next mask
 */
export interface PruneOptions {
  /** Share of weights that is pruned at the start, 0 to 1; `pruneModel` changes it. */
  readonly sparsity?: number;
  readonly backward?: 'masked' | 'straight-through';
}

const defaults: Required<PruneOptions> = { sparsity: 0, backward: 'masked' };

/** @param mask [like w], 1 for weights that stay, 0 for pruned ones; gets no gradient */
export function quantizePrune(
  w: tf.Tensor,
  mask: tf.Tensor,
  backward: 'masked' | 'straight-through' = 'masked',
): tf.Tensor {
  const kept = mask.dataSync() as Float32Array;
  return onHost([w], w => ({
    value: w.map((x, i) => (kept[i] === 0 ? 0 : x)),
    backward: g => [backward === 'masked' ? g.map((x, i) => x * kept[i]) : STRAIGHT],
  }));
}

/** 0 at the floor(sparsity * n) smallest |w|, of equal ones the first; 1 elsewhere. */
export function maskOf(w: Float32Array, sparsity: number): Float32Array {
  checkSparsity(sparsity);
  const mask = new Float32Array(w.length).fill(1);
  const pruned = Math.floor(sparsity * w.length);
  if (pruned === 0) return mask;
  const magnitudes = w.map(Math.abs);
  const limit = magnitudes.slice().sort()[pruned - 1];
  let left = pruned;
  for (let i = 0; i < w.length; i++)
    if (magnitudes[i] < limit) {
      mask[i] = 0;
      left--;
    }
  for (let i = 0; left > 0; i++)
    if (magnitudes[i] === limit) {
      mask[i] = 0;
      left--;
    }
  return mask;
}

/** @throws InputError unless it is a share */
export function checkSparsity(sparsity: number): void {
  if (!(sparsity >= 0 && sparsity <= 1))
    throw new InputError(`sparsity must lie between 0 and 1, got ${sparsity}`);
}

/** The mask as a weight of the layer. */
export const maskParameter: QuantizerParameter = {
  name: 'mask',
  per: 'weight',
  role: 'state',
  trainable: false,
};

export function pruneQuantizer(options: PruneOptions = {}): WeightQuantizer {
  const o = { ...defaults, ...options };
  checkSparsity(o.sparsity);
  if (o.backward !== 'masked' && o.backward !== 'straight-through')
    throw new InputError(
      `backward ${String(o.backward)} is unknown for pruning; use masked or straight-through`,
    );
  return {
    config: { kind: 'prune', ...o },
    parameters: [maskParameter],
    quantize: (w, { mask }) => quantizePrune(w, mask, o.backward),
    start: w => ({ mask: maskOf(w, o.sparsity) }),
    constrain: values => values,
    prune: (w, _values, sparsity) => ({ mask: maskOf(w, sparsity) }),
    toWeightData({ quantized, shape }, valueType) {
      const round = valueType === 'float16' ? roundToFloat16 : (x: number) => x;
      const positions = positionsOf(quantized);
      const values = Float32Array.from(positions, at => round(quantized[at]));
      return { encoding: 'sparse', shape, positions, values, valueType };
    },
  };
}

/** Where x is not 0, ascending. */
export function positionsOf(x: Float32Array): Uint32Array {
  const positions: number[] = [];
  // NaN and infinities count: they are refused when they are stored.
  for (let i = 0; i < x.length; i++) if (x[i] !== 0) positions.push(i);
  return Uint32Array.from(positions);
}
