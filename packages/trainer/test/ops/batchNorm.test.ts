import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { batchNormTrain } from '../../src/index.js';
import { type Dense, random, uniform, zeros } from './arrays.js';
import { onEachEngine } from './engines.js';
import { checkGradients } from './gradients.js';

const epsilon = 1e-3;

function statistics({ shape, data }: Dense): { mean: Float64Array; variance: Float64Array } {
  const c = shape[shape.length - 1];
  const rows = data.length / c;
  const [mean, variance] = [new Float64Array(c), new Float64Array(c)];
  for (const [i, v] of data.entries()) mean[i % c] += v / rows;
  for (const [i, v] of data.entries()) variance[i % c] += (v - mean[i % c]) ** 2 / rows;
  return { mean, variance };
}

function normalise(x: Dense, gamma: Dense, beta: Dense): Dense {
  const { mean, variance } = statistics(x);
  const c = mean.length;
  const y = zeros(x.shape);
  for (const [i, v] of x.data.entries()) {
    const j = i % c;
    y.data[i] = (gamma.data[j] * (v - mean[j])) / Math.sqrt(variance[j] + epsilon) + beta.data[j];
  }
  return y;
}

const shapes = [
  [2, 3, 5, 4],
  [1, 1, 2, 1],
  [3, 4, 1, 7],
  [6, 5],
  [2, 1],
];

await onEachEngine(() => {
  for (const [index, shape] of shapes.entries()) {
    for (const offset of [0, 4]) {
      const seed = 400 + index;
      test(`gradients of [${shape}] around ${offset} (seed ${seed})`, () => {
        const next = random(seed);
        const c = shape[shape.length - 1];
        const x = uniform(shape, next);
        for (const i of x.data.keys()) x.data[i] = Math.fround(x.data[i] + offset);
        const { variance } = statistics(x);
        // With u = 2^-24, x below M, r = 1 / sqrt(variance + epsilon) and R rows: the mean, so every x - mean, is
        // off by at most (R + 1) u M. It is multiplied by r, and in the gradient again by r, |dy| < 1 and at most
        // R + 2 terms of the size r^2 (x - mean)^2 / R <= 1; 8 bounds the roundings that follow it.
        const rows = x.data.length / c;
        const r = Math.max(...variance.map(v => 1 / Math.sqrt(v + epsilon)));
        const tolerance = 8 * (rows + 1) * 2 ** -24 * (1 + offset) * r * Math.max(r, 1) * Math.sqrt(rows);
        checkGradients({
          reference: normalise,
          op: (a, gamma, beta) => batchNormTrain(a, gamma as tf.Tensor1D, beta as tf.Tensor1D, epsilon).y,
          inputs: [x, uniform([c], next), uniform([c], next)],
          seed: seed + 1000,
          // Central differences err by h^2 / 6 times a third derivative of order r^3, far below the tolerance.
          step: 1e-5,
          tolerance,
        });
      });
    }
  }

  test('statistics are the exact mean and the population variance, and carry no gradient', () => {
    const x = uniform([3, 4, 5, 6], random(410));
    const { mean, variance } = statistics(x);
    tf.tidy(() => {
      const input = tf.tensor(new Float32Array(x.data), x.shape);
      const [gamma, beta] = [tf.ones([6]), tf.zeros([6])] as tf.Tensor1D[];
      const result = batchNormTrain(input, gamma, beta, epsilon);
      for (const [got, want] of [
        [result.mean, mean],
        [result.variance, variance],
      ] as const) {
        expect(got.shape).toEqual([6]);
        // Sums of 60 numbers below 4 in any order: 61 u * 4.
        const error = Math.max(...got.dataSync().map((v, i) => Math.abs(v - want[i])));
        expect(error).toBeLessThan(61 * 2 ** -24 * 4);
      }
      const dx = tf.grad(t => {
        const { y, mean, variance } = batchNormTrain(t, gamma, beta, epsilon);
        return tf.add(tf.mul(tf.sum(y), 0), tf.add(tf.sum(mean), tf.sum(variance)));
      })(input);
      // dy is 0 everywhere, so whatever is left would have come through the statistics.
      expect(Math.max(...dx.dataSync().map(Math.abs))).toBe(0);
    });
  });

  test('a channel far from zero keeps its variance: no E[x^2] - mean^2', () => {
    // 1000 +- 0.01: E[x^2] needs 1e-10 of relative accuracy, float32 has 6e-8.
    const x = tf.tensor2d(Array.from({ length: 64 }, (_, i) => [1000 + (i % 2 ? 1 : -1) * 2 ** -7]));
    const { variance } = batchNormTrain(x, tf.ones([1]), tf.zeros([1]), epsilon);
    expect(variance.dataSync()[0]).toBeCloseTo(2 ** -14, 9);
  });
});
