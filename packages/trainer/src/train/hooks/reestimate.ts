import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { reestimateBatchNorm } from '../../models/reestimateBatchNorm.js';
import type { Hook } from './hook.js';

/** Estimates the running statistics of batch norms for the weights that are evaluated: others have made them. */
export class ReestimateBatchNorm implements Hook {
  readonly name = 'reestimateBatchNorm';

  constructor(
    private readonly model: LayersModel,
    private readonly batches: () => AsyncIterable<tf.Tensor>,
  ) {}

  async beforeEvaluation(): Promise<void> {
    await reestimateBatchNorm(this.model, this.batches());
  }
}
