import type { LayersModel } from '@tensorflow/tfjs-layers';
import { reinitialiseBinarized } from '../../models/reinitialiseBinarized.js';
import type { Hook, Position } from './hook.js';

/** Starts the binarized weights anew at the middle of their interval, once, when so many epochs are finished. */
export class Reinitialise implements Hook {
  readonly name = 'reinitialise';

  constructor(
    private readonly model: LayersModel,
    private readonly atEpoch: number,
  ) {}

  beforeStep({ step, steps, epochs }: Position): void {
    if (step === Math.round((this.atEpoch * steps) / epochs)) reinitialiseBinarized(this.model);
  }
}
