import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectEngine } from '../../src/engines/select.js';
import { crossEntropy, distillation } from '../../src/train/loss.js';

beforeAll(async () => void (await selectEngine('cpu')));

const logits = [
  [1, -2, 0.5],
  [0, 3, -1],
];
const teacher = [
  [2, 0, -1],
  [-1, 1, 4],
];

const softmax = (z: readonly number[], t = 1) => {
  const e = z.map(x => Math.exp(x / t));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map(x => x / sum);
};

describe('crossEntropy', () => {
  it('is the mean of - sum(target * log softmax), its gradient (softmax - target) / N', () => {
    const targets = [
      [0.7, 0.2, 0.1],
      [0, 0, 1],
    ];
    const { value, grad } = tf.valueAndGrad(z => crossEntropy(z as tf.Tensor2D, tf.tensor2d(targets)))(
      tf.tensor2d(logits),
    ) as unknown as { value: tf.Tensor; grad: tf.Tensor };
    const expected = logits.map((z, i) =>
      softmax(z).reduce((sum, q, c) => sum - targets[i][c] * Math.log(q), 0),
    );
    // Some ten float32 operations on values below 5.
    expect(value.dataSync()[0]).toBeCloseTo((expected[0] + expected[1]) / 2, 5);
    const gradient = logits.flatMap((z, i) => softmax(z).map((q, c) => (q - targets[i][c]) / 2));
    grad.dataSync().forEach((g, i) => void expect(g).toBeCloseTo(gradient[i], 6));
  });
});

describe('distillation', () => {
  it.each([1, 4])('has the value T^2 KL(p, q) and the gradient T (q - p) / N at T = %i', T => {
    const { value, grad } = tf.valueAndGrad(z => distillation(z as tf.Tensor2D, tf.tensor2d(teacher), T))(
      tf.tensor2d(logits),
    ) as unknown as { value: tf.Tensor; grad: tf.Tensor };
    const [p, q] = [teacher, logits].map(rows => rows.map(row => softmax(row, T)));
    const divergence = p.map((row, i) => row.reduce((sum, x, c) => sum + x * Math.log(x / q[i][c]), 0));
    expect(value.dataSync()[0]).toBeCloseTo((T ** 2 * (divergence[0] + divergence[1])) / 2, 5);
    const gradient = p.flatMap((row, i) => row.map((x, c) => (T * (q[i][c] - x)) / 2));
    grad.dataSync().forEach((g, i) => void expect(g).toBeCloseTo(gradient[i], 5));
  });

  it('is 0 for the teacher itself, whatever is added to its logits', () => {
    const same = tf.tensor2d(teacher.map(row => row.map(x => x + 7)));
    expect(Math.abs(distillation(same, tf.tensor2d(teacher), 3).dataSync()[0])).toBeLessThan(1e-5);
  });
});
