import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { type Dense, distinct, random, uniform, zeros } from './arrays.js';
import { onEachEngine } from './engines.js';
import { checkGradients, sumOfProductsTolerance } from './gradients.js';

/**
 * Bound for a smooth function of one number: values and slopes below 4 from a few float32 steps, each within
 * 4 ulp (2^-23 * 4 * 4 each), with up to 8 of them. Central differences add h^2 = 1e-8.
 */
const elementwiseTolerance = 8 * 16 * 2 ** -23;

const elementwise: Record<string, [op: (x: tf.Tensor) => tf.Tensor, f: (x: number) => number]> = {
  relu: [tf.relu, x => Math.max(x, 0)],
  relu6: [tf.relu6, x => Math.min(Math.max(x, 0), 6)],
  leakyRelu: [x => tf.leakyRelu(x, 0.25), x => (x < 0 ? x / 4 : x)],
  elu: [tf.elu, x => (x < 0 ? Math.expm1(x) : x)],
  selu: [tf.selu, x => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x)],
  sigmoid: [tf.sigmoid, x => 1 / (1 + Math.exp(-x))],
  tanh: [tf.tanh, Math.tanh],
  softplus: [tf.softplus, x => Math.log1p(Math.exp(x))],
  square: [tf.square, x => x * x],
  abs: [tf.abs, Math.abs],
  clip: [x => tf.clipByValue(x, -0.5, 0.25), x => Math.min(Math.max(x, -0.5), 0.25)],
};

function map(x: Dense, f: (v: number) => number): Dense {
  return { shape: x.shape, data: x.data.map(f) };
}

function multiply(a: Dense, b: Dense): Dense {
  const [m, k] = a.shape;
  const n = b.shape[1];
  const y = zeros([m, n]);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let p = 0; p < k; p++) y.data[i * n + j] += a.data[i * k + p] * b.data[p * n + j];
  return y;
}

/** Picks the elements at these flat positions. */
function pick(x: Dense, shape: number[], positions: number[]): Dense {
  return { shape, data: Float64Array.from(positions, p => x.data[p]) };
}

await onEachEngine(() => {
  for (const [index, [name, [op, f]]] of Object.entries(elementwise).entries()) {
    const seed = 500 + index;
    test(`${name} gradient (seed ${seed})`, () => {
      checkGradients({
        reference: x => map(x, f),
        op,
        // 48 values 1/24 apart, none within h of a kink (0, 0.25 and -0.5 are midway between two).
        inputs: [distinct([2, 3, 4, 2], random(seed))],
        seed: seed + 1000,
        step: 1e-4,
        tolerance: elementwiseTolerance,
      });
    });
  }

  test('step: 1 above zero, alpha from zero down, NaN for NaN', () => {
    const x = tf.tensor1d([-2, -0, 0, 1e-30, 3, Number.NaN]);
    expect([...tf.step(x).dataSync()]).toEqual([0, 0, 0, 1, 1, Number.NaN]);
    expect([...tf.step(x, 0.25).dataSync()]).toEqual([0.25, 0.25, 0.25, 1, 1, Number.NaN]);
  });

  test('prelu gradients, one slope per channel (seed 520)', () => {
    const next = random(520);
    checkGradients({
      reference: (x, slope) => ({
        shape: x.shape,
        data: x.data.map((v, i) => (v < 0 ? slope.data[i % 3] * v : v)),
      }),
      op: (x, slope) => tf.prelu(x, slope),
      inputs: [distinct([2, 4, 2, 3], next), uniform([3], next)],
      seed: 521,
      step: 1e-4,
      // A slope's gradient sums 16 products.
      tolerance: sumOfProductsTolerance(16),
    });
  });

  for (const [m, k, n] of [
    [1, 1, 1],
    [3, 5, 2],
    [1, 7, 4],
    [6, 1, 3],
  ]) {
    test(`dense gradients: [${m}, ${k}] x [${k}, ${n}] + bias (seed 530)`, () => {
      const next = random(530);
      checkGradients({
        reference: (x, w, b) => {
          const y = multiply(x, w);
          return { shape: y.shape, data: y.data.map((v, i) => v + b.data[i % n]) };
        },
        op: (x, w, b) => tf.fused.matMul({ a: x, b: w, bias: b, activation: 'linear' }),
        inputs: [uniform([m, k], next), uniform([k, n], next), uniform([n], next)],
        seed: 531,
        step: 0.5,
        tolerance: sumOfProductsTolerance(Math.max(m, k, n) + 1),
      });
    });
  }

  // Copies: exact but for the sums of rows gathered twice.
  const exact = sumOfProductsTolerance(3);

  test('stridedSlice gradient: every second pixel', () => {
    checkGradients({
      reference: x => pick(x, [1, 2, 2, 1], [0, 2, 8, 10]),
      op: x => tf.stridedSlice(x, [0, 0, 0, 0], [1, 3, 4, 1], [1, 2, 2, 1]),
      inputs: [uniform([1, 3, 4, 1], random(540))],
      seed: 541,
      step: 0.5,
      tolerance: exact,
    });
  });

  test('stridedSlice gradient: backwards', () => {
    checkGradients({
      reference: x => pick(x, [2, 3], [5, 3, 1, 12, 10, 8]),
      op: x => tf.stridedSlice(x, [0, 5], [2, 0], [1, -2]),
      inputs: [uniform([2, 7], random(542))],
      seed: 543,
      step: 0.5,
      tolerance: exact,
    });
  });

  test('stridedSlice gradient: an axis that is dropped', () => {
    checkGradients({
      reference: x => pick(x, [3], [8, 9, 10]),
      op: x => tf.stridedSlice(x, [1, 1], [2, 4], [1, 1], 0, 0, 0, 0, 1),
      inputs: [uniform([2, 7], random(546))],
      seed: 547,
      step: 0.5,
      tolerance: exact,
    });
  });

  test('gather gradient: a row taken twice, a row never taken', () => {
    checkGradients({
      reference: x => pick(x, [3, 2], [4, 5, 0, 1, 4, 5]),
      op: x => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')),
      inputs: [uniform([3, 2], random(544))],
      seed: 545,
      step: 0.5,
      tolerance: exact,
    });
  });
});
