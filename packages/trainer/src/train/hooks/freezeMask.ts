import type { LayersModel } from '@tensorflow/tfjs-layers';
import { compressedLayers } from '../../models/walk.js';
import type { Hook, Position } from './hook.js';

/**
 * Which weights of APB layers are binarized stays as it is once so many epochs are finished. Alpha and delta must
 * rest by then as well.
 */
export class FreezeMask implements Hook {
  readonly name = 'freezeMask';
  private frozen = false;

  constructor(
    private readonly model: LayersModel,
    private readonly atEpoch: number,
  ) {}

  beforeStep({ epoch }: Position): void {
    if (this.frozen || epoch < this.atEpoch) return;
    for (const layer of compressedLayers(this.model)) layer.weightQuantizer.freezeMask();
    this.frozen = true;
  }
}
