import type { Shape, Tensor } from '@apb/core';
import { Random } from '../../../networks/random.js';

/** Normalised pixels of random pictures, float32 [count, ...inputShape], of mean square 1. */
export function randomBatch(inputShape: Shape, count: number, seed: number): Tensor {
  const shape = [count, ...inputShape];
  const bound = Math.sqrt(3);
  const size = shape.reduce((a, b) => a * b);
  return { shape, data: new Random(seed).floats(size, -bound, bound) };
}
