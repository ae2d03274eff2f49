import { InputError } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { pruneModel } from '../../models/pruneModel.js';
import { compressedLayers } from '../../models/walk.js';
import type { WeightQuantizerConfig } from '../../quantizers/weight.js';
import type { Hook } from '../../train/hooks/hook.js';
import { MemoryBudget } from '../../train/hooks/memoryBudget.js';
import { Prune, sparsityFor } from '../../train/hooks/prune.js';

/** Share of the steps after which a budgeted model's alpha, delta and mask rest, as in `trainRun`. */
const FREEZE_AT = 0.5;

/**
 * What keeps a model within its memory: the budget of APB layers, the schedule of pruned ones.
 * @throws InputError for a budget that the quantizer cannot be brought to
 */
export function memoryHooks(
  model: LayersModel,
  quantizer: WeightQuantizerConfig,
  bitsPerWeight?: number,
): Hook[] {
  if (bitsPerWeight !== undefined && !(bitsPerWeight > 0))
    throw new InputError(`bitsPerWeight must be a number above 0, got ${bitsPerWeight}`);
  switch (quantizer.kind) {
    case 'apb':
      if (bitsPerWeight === undefined) return [];
      checkTrainable(model);
      return [new MemoryBudget(model, bitsPerWeight, FREEZE_AT)];
    case 'prune':
    case 'prune-kbit': {
      const sparsity =
        bitsPerWeight === undefined && quantizer.sparsity !== undefined
          ? quantizer.sparsity
          : sparsityFor(model, bitsPerWeight);
      return [new Prune(model, { sparsity })];
    }
    default:
      if (bitsPerWeight === undefined) return [];
      throw new InputError(
        `bitsPerWeight belongs to apb, prune and prune-kbit: the bits of ${quantizer.kind} weights are given`,
      );
  }
}

/** Brings a model that is not trained to its budget at once. */
export function meetBudget(model: LayersModel, hooks: readonly Hook[], bitsPerWeight?: number): void {
  if (bitsPerWeight === undefined) return;
  for (const hook of hooks) {
    hook.start?.();
    if (hook instanceof Prune) pruneModel(model, { sparsity: sparsityFor(model, bitsPerWeight) }, 1);
  }
}

/** The budget is shared out by the layers' gradients, which a frozen one has not. */
function checkTrainable(model: LayersModel): void {
  const frozen = compressedLayers(model).find(layer => layer.trainableWeights.length === 0);
  if (frozen)
    throw new InputError(
      `layer ${frozen.name} is frozen and cannot compete for bitsPerWeight; set its trainable to true, or name it in keep`,
    );
}
