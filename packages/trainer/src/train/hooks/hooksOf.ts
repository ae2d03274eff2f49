import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { TrainConfig } from '../config.js';
import { Clip } from './clip.js';
import { Ema } from './ema.js';
import { FreezeMask } from './freezeMask.js';
import { FreezeQuantizers } from './freezeQuantizers.js';
import type { Hook } from './hook.js';
import { MemoryBudget } from './memoryBudget.js';
import { Prune, sparsityFor } from './prune.js';
import { ReestimateBatchNorm } from './reestimate.js';
import { Reinitialise } from './reinitialise.js';

/**
 * What acts on a run of this configuration, in order: evaluations first take the mean of the weights, then fit
 * everything else to it; gradients are clipped as they are stepped with.
 * @param pictures to estimate statistics from
 */
export function hooksOf(
  model: LayersModel,
  config: TrainConfig,
  pictures: () => AsyncIterable<tf.Tensor>,
): Hook[] {
  const { weights, bitsPerWeight, budgetFreezeAt = 0.5, prune } = config;
  const { freezeQuantizersAtEpoch, freezeMaskAtEpoch, reinitialiseAtEpoch } = config;
  const { ema, clipNorm, reestimateBatchNorm } = config;
  const hooks: Hook[] = [];
  if (ema !== undefined) hooks.push(new Ema(model, ema));
  if (reinitialiseAtEpoch !== undefined) hooks.push(new Reinitialise(model, reinitialiseAtEpoch));
  if (weights === 'apb' && bitsPerWeight !== undefined)
    hooks.push(new MemoryBudget(model, bitsPerWeight, budgetFreezeAt));
  if (weights === 'prune' || weights === 'prune-kbit')
    hooks.push(new Prune(model, { sparsity: sparsityFor(model, bitsPerWeight), ...prune }));
  if (freezeMaskAtEpoch !== undefined) hooks.push(new FreezeMask(model, freezeMaskAtEpoch));
  if (freezeQuantizersAtEpoch !== undefined) hooks.push(new FreezeQuantizers(model, freezeQuantizersAtEpoch));
  if (clipNorm !== undefined) hooks.push(new Clip(clipNorm));
  if (reestimateBatchNorm) hooks.push(new ReestimateBatchNorm(model, pictures));
  return hooks;
}
