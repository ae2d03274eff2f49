import { dequantizeValue, encodingOf, quantizeValue } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { quantizeSign, signQuantizer } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from './numbers.js';

await onEachEngine(() => {
  describe('quantizeSign', () => {
    it('has the values of core, zeros of either sign positive', () => {
      const q = signQuantizer().toQuantizer({ lo: -1, hi: 1 });
      const x = [0, -0, 2 ** -126, -(2 ** -126), 1e30, -1e30, ...normal(100, 1)];
      const a = tf.tidy(() => quantizeSign(tf.tensor1d(x), 'approx').dataSync());
      expect([...a]).toEqual(x.map(v => dequantizeValue(quantizeValue(v, q), encodingOf(q))));
    });

    it('has the gradient of ApproxSign, or the identity', () => {
      const x = [-3, -1, -0.75, -0.25, 0, 0.5, 1, 2];
      const run = (backward: 'approx' | 'identity') =>
        tf.tidy(() =>
          tf
            .grad((x: tf.Tensor) => quantizeSign(x, backward))(tf.tensor1d(x), tf.fill([8], 3))
            .dataSync(),
        );
      expect([...run('approx')]).toEqual(x.map(v => 3 * Math.max(0, 2 - Math.abs(2 * v))));
      expect([...run('identity')]).toEqual(x.map(() => 3));
    });
  });
});

describe('signQuantizer', () => {
  it('refuses an unknown backward', () => {
    expect(() => signQuantizer({ backward: 'ewgs' as 'approx' })).toThrow('use approx or identity');
  });
});
