import * as tf from '@tensorflow/tfjs-core';
import { type Group, Optimizer } from './optimizer.js';

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * Adam (Kingma and Ba, arXiv 1412.6980) with decoupled weight decay d (Loshchilov and Hutter, arXiv 1711.05101),
 * g = dL/dw, t counted from 1:
 *
 *     m = beta1 * m + (1 - beta1) * g            v = beta2 * v + (1 - beta2) * g^2
 *     w = w - learningRate * (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + d * w)
 */
export class Adam extends Optimizer {
  private readonly beta1: number;
  private readonly beta2: number;
  private readonly epsilon: number;

  constructor(groups: readonly Group[], { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions = {}) {
    super(groups, ['mean', 'square']);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  protected override update(
    w: tf.Variable,
    g: tf.Tensor,
    [mean, square]: readonly tf.Variable[],
    learningRate: number,
    weightDecay: number,
  ): void {
    const m = tf.add(tf.mul(mean, this.beta1), tf.mul(g, 1 - this.beta1));
    const v = tf.add(tf.mul(square, this.beta2), tf.mul(tf.mul(g, g), 1 - this.beta2));
    mean.assign(m);
    square.assign(v);
    const deviation = tf.sqrt(tf.mul(v, 1 / (1 - this.beta2 ** this.steps)));
    const direction = tf.div(tf.mul(m, 1 / (1 - this.beta1 ** this.steps)), tf.add(deviation, this.epsilon));
    const decayed = weightDecay === 0 ? direction : tf.add(direction, tf.mul(w, weightDecay));
    w.assign(tf.sub(w, tf.mul(decayed, learningRate)));
  }
}
