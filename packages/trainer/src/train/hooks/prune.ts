import { InputError, paperBits } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { QuantizedKernel } from '../../layers/quantizedKernel.js';
import { type PruneSchedule, pruneModel } from '../../models/pruneModel.js';
import { compressedLayers } from '../../models/walk.js';
import type { Hook, Position } from './hook.js';

/**
 * Steps between two looks at the schedule: Zhu & Gupta (arXiv 1710.01878) found 100 to 1000 equally good. A short run
 * has at least RISES of them.
 */
const INTERVAL = 100;
const RISES = 50;

/** Of pruned layers where no budget says otherwise: a tenth of the weights stays. */
const SPARSITY = 0.9;

/** The sparsity at which the pruned layers of a model take `bitsPerWeight` bits a weight, all with the same share. */
export function sparsityFor(model: LayersModel, bitsPerWeight?: number): number {
  if (bitsPerWeight === undefined) return SPARSITY;
  const kernels = compressedLayers(model).map(layer => layer.weightQuantizer);
  const weights = kernels.reduce((sum, kernel) => sum + kernel.size, 0);
  const whole = kernels.reduce((sum, kernel) => sum + kernel.size * bitsOfKept(kernel), 0) / weights;
  if (bitsPerWeight > whole)
    throw new InputError(
      `bitsPerWeight ${bitsPerWeight} is more than the ${whole.toFixed(2)} bits that these layers take unpruned`,
    );
  return 1 - bitsPerWeight / whole;
}

/** A kept weight is a value and its index. */
function bitsOfKept({ size, quantizer }: QuantizedKernel): number {
  const { config } = quantizer;
  const value = config.kind === 'prune-kbit' ? (config.bits ?? 32) : 32;
  return value + paperBits(size, 1) - paperBits(size, 0) - 32;
}

/** Raises the sparsity of pruned layers by a schedule. */
export class Prune implements Hook {
  readonly name = 'prune';
  private sparsity = 0;

  constructor(
    private readonly model: LayersModel,
    private readonly schedule: PruneSchedule,
  ) {}

  beforeStep({ step, steps }: Position): void {
    const interval = Math.max(1, Math.min(INTERVAL, Math.floor(steps / RISES)));
    if (step % interval === 0) this.prune(step / steps);
  }

  /** The last masks are set before they are judged. */
  beforeEvaluation({ step, steps }: Position): void {
    this.prune(step / steps);
  }

  metrics(): Readonly<Record<string, unknown>> {
    return { sparsity: this.sparsity };
  }

  private prune(progress: number): void {
    this.sparsity = pruneModel(this.model, this.schedule, progress);
  }
}
