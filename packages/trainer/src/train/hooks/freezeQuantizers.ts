import type { LayersModel } from '@tensorflow/tfjs-layers';
import { parameterGroups } from '../../models/parameterGroups.js';
import type { Gradients } from '../optimizer.js';
import type { Hook, Position } from './hook.js';

/** Alpha, delta and steps of weight quantizers stay as they are once so many epochs are finished. */
export class FreezeQuantizers implements Hook {
  readonly name = 'freezeQuantizers';
  private readonly resting: ReadonlySet<string>;

  constructor(
    model: LayersModel,
    private readonly atEpoch: number,
  ) {
    const { alphas, deltas } = parameterGroups(model);
    this.resting = new Set([...alphas, ...deltas].map(variable => variable.name));
  }

  adjust(gradients: Gradients, { epoch }: Position): Gradients {
    if (epoch < this.atEpoch) return gradients;
    return Object.fromEntries(Object.entries(gradients).filter(([name]) => !this.resting.has(name)));
  }
}
