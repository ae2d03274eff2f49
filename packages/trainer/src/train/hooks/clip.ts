import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from '../optimizer.js';
import type { Hook } from './hook.js';

/** Keeps the root of the sum of all squared gradients at `norm` or below, their direction as it is. */
export class Clip implements Hook {
  readonly name = 'clip';

  constructor(private readonly norm: number) {}

  adjust(gradients: Gradients): Gradients {
    return clipped(gradients, this.norm);
  }
}

/**
 * `g * min(1, max / norm)` with the norm over all gradients together (Pascanu et al., arXiv 1211.5063). The largest
 * magnitude is taken out before squaring, so that no square overflows float32.
 */
export function clipped(gradients: Gradients, max: number): Gradients {
  const all = Object.values(gradients);
  const largest = tf.maximum(tf.max(tf.stack(all.map(g => tf.max(tf.abs(g))))), TINY);
  const squares = all.map(g => tf.sum(tf.square(tf.div(g, largest))));
  // A sum over at least one 1: never 0, but for gradients that are all 0.
  const norm = tf.mul(largest, tf.sqrt(tf.addN(squares)));
  const factor = tf.minimum(1, tf.div(max, tf.maximum(norm, TINY)));
  return Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, tf.mul(g, factor)]));
}

/** Stands for 0, which would divide; far above the subnormal range, which engines may flush to 0. */
const TINY = 1e-30;
