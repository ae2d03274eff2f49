import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { allLayers } from '../../models/walk.js';
import type { Hook, Position } from './hook.js';

/**
 * A running mean of all trained variables, `mean = d * mean + (1 - d) * w` after every step (averaging: Polyak and
 * Juditsky, SIAM J. Control Optim. 30, 1992; exponential: Kingma and Ba, arXiv 1412.6980, section 7.2). In step t,
 * counted from 0, d is `min(decay, (1 + t) / (10 + t))`, so that short runs do not remember their start for long.
 *
 * For an evaluation means and variables change places: the mean is what is evaluated, saved as the model and exported,
 * and quantizers see the mean of the latent weights. What is not trained (running statistics, masks, the delta of a
 * budget) may be fitted to the mean then, by hooks behind this one, and gets its values back afterwards.
 */
export class Ema implements Hook {
  readonly name = 'ema';
  readonly variables: ReadonlyMap<string, tf.Variable>;
  private readonly trained: readonly Pair[];
  private readonly others: readonly Pair[];

  constructor(
    model: LayersModel,
    private readonly decay: number,
  ) {
    const layers = allLayers(model);
    this.trained = layers.flatMap(layer => layer.trainableWeights).map(pairOf);
    this.others = layers.flatMap(layer => layer.nonTrainableWeights).map(pairOf);
    this.variables = new Map([...this.trained, ...this.others].map(({ beside }, i) => [String(i), beside]));
  }

  /** The mean starts at the weights that training starts from. */
  begin({ step }: Position): void {
    if (step > 0) return;
    for (const { own, beside } of this.trained) beside.assign(own);
  }

  afterStep({ step }: Position): void {
    const decay = Math.min(this.decay, (1 + step) / (10 + step));
    tf.tidy(() => {
      for (const { own, beside } of this.trained)
        beside.assign(tf.add(tf.mul(beside, decay), tf.mul(own, 1 - decay)));
    });
  }

  beforeEvaluation(): void {
    for (const { own, beside } of this.others) beside.assign(own);
    this.exchangeTrained();
  }

  afterEvaluation(): void {
    for (const { own, beside } of this.others) own.assign(beside);
    this.exchangeTrained();
  }

  dispose(): void {
    for (const { beside } of [...this.trained, ...this.others]) beside.dispose();
  }

  private exchangeTrained(): void {
    for (const { own, beside } of this.trained)
      tf.tidy(() => {
        const before = tf.clone(own);
        own.assign(beside);
        beside.assign(before);
      });
  }
}

/** A variable of the model, and its mean or, during an evaluation, its value in training. */
interface Pair {
  readonly own: tf.Variable;
  readonly beside: tf.Variable;
}

function pairOf(weight: { read(): tf.Tensor }): Pair {
  const own = weight.read() as tf.Variable;
  return { own, beside: tf.tidy(() => tf.variable(tf.clone(own), false)) };
}
