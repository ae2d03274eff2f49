import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { type Dense, dot, random, uniform } from './arrays.js';

export interface GradientCase {
  /** The op in plain float64 loops. */
  readonly reference: (...inputs: Dense[]) => Dense;
  /** The same op on the engine. */
  readonly op: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly inputs: Dense[];
  readonly seed: number;
  /**
   * Step of the central difference in the float64 reference. Where the op is linear in each input the difference
   * is exact for any step.
   */
  readonly step: number;
  /** Bound on the engine's absolute error, per output and per gradient element, derived where the case is made. */
  readonly tolerance: number;
}

/**
 * Checks an op's values against its reference, and its gradients (of sum(y * dy) for a random dy) against central
 * differences of that reference.
 */
export function checkGradients({ reference, op, inputs, seed, step, tolerance }: GradientCase): void {
  const y = reference(...inputs);
  const dy = uniform(y.shape, random(seed));
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const tensors = inputs.map(toTensor);
    const value = op(...tensors);
    expect(value.shape).toEqual(y.shape);
    expectClose(value, y.data, tolerance, 'value');
    const loss = (...xs: tf.Tensor[]) => tf.sum(tf.mul(op(...xs), toTensor(dy))) as tf.Scalar;
    for (const [i, gradient] of tf.grads(loss)(tensors).entries()) {
      expect(gradient.shape).toEqual(inputs[i].shape);
      expectClose(gradient, differences(reference, inputs, i, dy, step), tolerance, `gradient ${i}`);
    }
  });
  expect(tf.memory().numTensors).toBe(before);
}

function differences(
  reference: GradientCase['reference'],
  inputs: Dense[],
  which: number,
  dy: Dense,
  h: number,
) {
  const { data } = inputs[which];
  return Float64Array.from(data, (value, i) => {
    const at = (x: number) => {
      data[i] = x;
      return dot(reference(...inputs), dy);
    };
    const slope = (at(value + h) - at(value - h)) / (2 * h);
    data[i] = value;
    return slope;
  });
}

function expectClose(actual: tf.Tensor, expected: Float64Array, tolerance: number, what: string): void {
  const values = actual.dataSync();
  let worst = 0;
  for (const [i, v] of expected.entries()) {
    const error = Math.abs(values[i] - v);
    expect(error, `${what}: ${values[i]} is not a number near ${v} at ${i}`).not.toBeNaN();
    worst = Math.max(worst, error);
  }
  expect(worst, `${what}: largest error`).toBeLessThanOrEqual(tolerance);
}

function toTensor({ shape, data }: Dense): tf.Tensor {
  return tf.tensor(new Float32Array(data), shape);
}

/**
 * Bound of a float32 sum of `terms` products of numbers in [-1, 1], in any order: every product and every addition
 * rounds by at most 2^-24 of a partial sum of at most `terms` (Higham's gamma_n, n = terms, times sum |a b|).
 */
export function sumOfProductsTolerance(terms: number): number {
  const n = terms + 1;
  return ((n * 2 ** -24) / (1 - n * 2 ** -24)) * terms;
}
