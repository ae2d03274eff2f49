import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { TrainConfig } from '../config.js';
import { FreezeMask } from './freezeMask.js';
import { FreezeQuantizers } from './freezeQuantizers.js';
import type { Hook } from './hook.js';
import { MemoryBudget } from './memoryBudget.js';
import { Prune, sparsityFor } from './prune.js';
import { Reinitialise } from './reinitialise.js';

/** What acts on a run of this configuration, in order. */
export function hooksOf(model: LayersModel, config: TrainConfig): Hook[] {
  const { weights, bitsPerWeight, budgetFreezeAt = 0.5, prune } = config;
  const { freezeQuantizersAtEpoch, freezeMaskAtEpoch, reinitialiseAtEpoch } = config;
  const hooks: Hook[] = [];
  if (reinitialiseAtEpoch !== undefined) hooks.push(new Reinitialise(model, reinitialiseAtEpoch));
  if (weights === 'apb' && bitsPerWeight !== undefined)
    hooks.push(new MemoryBudget(model, bitsPerWeight, budgetFreezeAt));
  if (weights === 'prune' || weights === 'prune-kbit')
    hooks.push(new Prune(model, { sparsity: sparsityFor(model, bitsPerWeight), ...prune }));
  if (freezeMaskAtEpoch !== undefined) hooks.push(new FreezeMask(model, freezeMaskAtEpoch));
  if (freezeQuantizersAtEpoch !== undefined) hooks.push(new FreezeQuantizers(model, freezeQuantizersAtEpoch));
  return hooks;
}
