import { packCodes } from '@apb/core';
import { checkBits, codesOf, constrainStep } from './kbit.js';
import { quantizeLsq, startStep } from './lsq.js';
import { checkSparsity, maskOf, maskParameter, positionsOf } from './prune.js';
import type { WeightQuantizer } from './weight.js';

/**
 * Pruned and k-bit: 0 where the mask of magnitude pruning (prune.ts) leaves a weight out, LSQ's k bits (lsq.ts) where
 * it stays. Pruned weights get no gradient and give none to the step.
 *
 * The grid of k bits has no zero, so that no kept weight looks like a pruned one.
 */
export interface PruneKbitOptions {
  /** Share of weights that is pruned at the start, 0 to 1; `pruneModel` changes it. */
  readonly sparsity?: number;
  /** Of the kept weights, 2 to 8. */
  readonly bits?: number;
}

const defaults: Required<PruneKbitOptions> = { sparsity: 0, bits: 2 };

export function pruneKbitQuantizer(options: PruneKbitOptions = {}): WeightQuantizer {
  const o = { ...defaults, ...options };
  checkBits(o.bits);
  checkSparsity(o.sparsity);
  return {
    config: { kind: 'prune-kbit', ...o },
    parameters: [{ name: 'step', per: 'layer', role: 'scale', trainable: true }, maskParameter],
    quantize: (w, { step, mask }) => quantizeLsq(w, step, o.bits, mask.dataSync() as Float32Array),
    start: (w, out) => constrainStep({ step: startStep(w, out, o.bits, false), mask: maskOf(w, o.sparsity) }),
    constrain: constrainStep,
    prune: (w, values, sparsity) => ({ ...values, mask: maskOf(w, sparsity) }),
    toWeightData({ quantized, shape, values }) {
      const scales = values.step.map(s => s / 2);
      const positions = positionsOf(quantized);
      const kept = Float32Array.from(positions, at => quantized[at]);
      const codes = packCodes(codesOf(kept, o.bits, scales), o.bits, 1, kept.length);
      return { encoding: 'sparseKbit', shape, positions, codes, scales };
    },
  };
}
