import { denseValues } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { binaryQuantizer, quantizeApb, quantizeBinary } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from './numbers.js';

const alpha = Math.fround(0.7);
const w = Float32Array.of(0, -0, 0.5, -0.5, 9, -9, 2 ** -126, -(2 ** -126));

await onEachEngine(() => {
  describe('quantizeBinary', () => {
    it('is sign times alpha, zeros of either sign positive', () => {
      const wHat = tf.tidy(() => quantizeBinary(tf.tensor2d(w, [2, 4]), tf.scalar(alpha), 'mean').dataSync());
      expect([...wHat]).toEqual([alpha, alpha, alpha, -alpha, alpha, -alpha, alpha, -alpha]);
    });

    it('has the values and gradients of APB with delta infinite', () => {
      const [x, g] = [normal(48, 1), normal(48, 2)];
      const run = (quantize: (w: tf.Tensor, a: tf.Tensor) => tf.Tensor) =>
        tf.tidy(() => {
          const loss = (w: tf.Tensor, a: tf.Tensor) =>
            tf.sum(tf.mul(quantize(w, a), tf.tensor2d(g, [6, 8]))) as tf.Scalar;
          const [w, a] = [tf.tensor2d(x, [6, 8]), tf.scalar(alpha)];
          return [quantize(w, a), ...tf.grads(loss as (...x: tf.Tensor[]) => tf.Scalar)([w, a])].map(t =>
            t.dataSync(),
          );
        });
      const infinite = (w: tf.Tensor, a: tf.Tensor) =>
        quantizeApb(w, a, tf.scalar(Number.POSITIVE_INFINITY), 'lsq');
      expect(run((w, a) => quantizeBinary(w, a, 'lsq'))).toEqual(run(infinite));
    });
  });
});

describe('binaryQuantizer', () => {
  it('starts at mean |w| and stores signs and scales', () => {
    const q = binaryQuantizer({ perChannel: true });
    const latent = Float32Array.of(1, -3, 2, -5);
    const values = q.start(latent, 2, { rule: 'std', factor: 3 });
    expect(values).toEqual({ alpha: Float32Array.of(1.5, 4) });
    // Output channel first.
    const rows = {
      latent: Float32Array.of(1, 2, -3, -5),
      quantized: Float32Array.of(1.5, 1.5, -4, -4),
      shape: [2, 2],
      values,
    };
    const stored = q.toWeightData(rows, 'float32');
    expect(stored.encoding).toBe('binary');
    expect([...denseValues(stored)]).toEqual([1.5, 1.5, -4, -4]);
  });
});
