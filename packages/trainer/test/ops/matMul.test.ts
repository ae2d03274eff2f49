import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { liveTensors, onEachEngine } from './engines.js';

/** Small integers, so that every product and sum is exact in float32. */
const integers = (count: number, factor: number) =>
  Float32Array.from({ length: count }, (_, i) => ((i * factor) % 11) - 5);

/** sum over k of a[i, k] * b[k, j] by plain loops, on the matrices as they are after transposition. */
function product(
  a: Float32Array,
  b: Float32Array,
  m: number,
  k: number,
  n: number,
  tA: boolean,
  tB: boolean,
): number[] {
  const out: number[] = [];
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[tA ? l * m + i : i * k + l] * b[tB ? j * k + l : l * n + j];
      out.push(sum);
    }
  return out;
}

await onEachEngine(() => {
  for (const tA of [false, true])
    for (const tB of [false, true])
      for (const [m, k, n] of [
        [1, 1, 1],
        [3, 5, 2],
        [1, 7, 4],
        [6, 1, 9],
        [17, 33, 10],
      ])
        test(`[${m}, ${k}] x [${k}, ${n}], transposed ${tA}, ${tB}`, () => {
          const before = liveTensors();
          const [a, b] = [integers(m * k, 7), integers(k * n, 3)];
          const expected = product(a, b, m, k, n, tA, tB);
          const [shapeA, shapeB] = [tA ? [k, m] : [m, k], tB ? [n, k] : [k, n]];
          const flat = tf.tidy(() => [
            ...tf.matMul(tf.tensor(a, shapeA), tf.tensor(b, shapeB), tA, tB).dataSync(),
          ]);
          expect(flat).toEqual(expected);
          // A batch of two, the second with signs turned.
          const double = (x: Float32Array) => Float32Array.from([...x, ...x.map(v => -v)]);
          const batched = tf.tidy(() => [
            ...tf
              .matMul(tf.tensor(double(a), [2, ...shapeA]), tf.tensor(double(b), [2, ...shapeB]), tA, tB)
              .dataSync(),
          ]);
          expect(batched).toEqual([...expected, ...expected]);
          expect(liveTensors()).toBe(before);
        });
});
