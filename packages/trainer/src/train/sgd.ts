import * as tf from '@tensorflow/tfjs-core';
import { type Group, Optimizer } from './optimizer.js';

export interface SgdOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum m, decay d in the gradient (Sutskever et al., ICML 2013, in the form
 * whose momentum is free of the learning rate):
 *
 *     g = dL/dw + d * w
 *     v = m * v + g
 *     w = w - learningRate * (nesterov ? g + m * v : v)
 */
export class Sgd extends Optimizer {
  private readonly momentum: number;
  private readonly nesterov: boolean;

  constructor(groups: readonly Group[], { momentum = 0.9, nesterov = false }: SgdOptions = {}) {
    super(groups, ['velocity']);
    this.momentum = momentum;
    this.nesterov = nesterov;
  }

  protected override update(
    w: tf.Variable,
    gradient: tf.Tensor,
    [velocity]: readonly tf.Variable[],
    learningRate: number,
    weightDecay: number,
  ): void {
    const g = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(w, weightDecay));
    const v = tf.add(tf.mul(velocity, this.momentum), g);
    velocity.assign(v);
    const direction = this.nesterov ? tf.add(g, tf.mul(v, this.momentum)) : v;
    w.assign(tf.sub(w, tf.mul(direction, learningRate)));
  }
}
