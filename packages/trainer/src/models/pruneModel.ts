import { InputError } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { compressedLayers } from './walk.js';

/** How the sparsity of pruned layers rises; shares of the whole training, 0 to 1. */
export interface PruneSchedule {
  /** Share of a layer's weights that is pruned at the end. */
  readonly sparsity: number;
  /** At the start; default 0. */
  readonly startSparsity?: number;
  /** Where the rise begins and ends; default 0 and 0.75, which leaves time to recover. */
  readonly start?: number;
  readonly end?: number;
}

/**
 * The cubic schedule of Zhu & Gupta (arXiv 1710.01878, eq. 1): s + (s0 - s) * (1 - (p - start) / (end - start))^3
 * between start and end. Fast at first, when redundant weights are many.
 * @param progress p, share of the training that is done
 * @throws InputError for shares that are none or out of order
 */
export function sparsityAt(schedule: PruneSchedule, progress: number): number {
  const { sparsity, startSparsity = 0, start = 0, end = 0.75 } = schedule;
  for (const [name, share] of Object.entries({ sparsity, startSparsity, start, end }))
    if (!(share >= 0 && share <= 1))
      throw new InputError(`${name} of the pruning schedule must lie between 0 and 1, got ${share}`);
  if (start > end)
    throw new InputError(`the pruning schedule starts at ${start}, after its end ${end}; exchange them`);
  if (progress >= end) return sparsity;
  if (progress <= start) return startSparsity;
  const left = 1 - (progress - start) / (end - start);
  return sparsity + (startSparsity - sparsity) * left ** 3;
}

/**
 * Sets the masks of every pruned layer to what the schedule asks for at `progress`: before a step, every some hundred
 * steps. A layer that already has that sparsity keeps its mask, so that masks rest once the schedule has ended, and in
 * a run that was resumed.
 * @returns the sparsity
 */
export function pruneModel(model: LayersModel, schedule: PruneSchedule, progress: number): number {
  const sparsity = sparsityAt(schedule, progress);
  for (const layer of compressedLayers(model)) layer.weightQuantizer.prune(sparsity);
  return sparsity;
}
