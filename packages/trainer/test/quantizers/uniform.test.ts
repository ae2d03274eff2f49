import { dequantizeValue, encodingOf, quantizeValue, uniformQuantizer } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { quantizeUniform, uniformActivationQuantizer } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal, step } from './numbers.js';

const widths = [2, 4, 8] as const;
const intervals = [
  [0, 1],
  [0, 1.614],
  [0, Math.fround(0.1)],
  [0, 3e5],
  [-1.5, 1.5],
  [-0.3, 7],
] as const;

/** Values at, and one and two float32 steps around, every threshold between codes, both ends and beyond. */
function edges(bits: 2 | 4 | 8, lo: number, hi: number): number[] {
  const levels = 2 ** bits - 1;
  const thresholds = Array.from({ length: levels }, (_, q) => lo + ((q + 0.5) * (hi - lo)) / levels);
  const near = [...thresholds, lo, hi].flatMap(x => {
    const size = Math.abs(Math.fround(x));
    return size < 2 ** -100 ? [x] : [-2, -1, 0, 1, 2].map(s => Math.sign(x) * step(size, s));
  });
  return [...near, 0, -0, hi * 2, lo - 1, -1e30, 1e30].map(Math.fround);
}

await onEachEngine(() => {
  describe('quantizeUniform', () => {
    it.each(widths.flatMap(bits => intervals.map(([lo, hi]) => [bits, lo, hi] as const)))(
      'has the codes and values of core: %i bits on [%d, %d]',
      (bits, lo, hi) => {
        const q = uniformQuantizer(bits, lo, hi);
        const x = [...edges(bits, lo, hi), ...normal(500, bits, hi)];
        const actual = tf.tidy(() =>
          quantizeUniform(tf.tensor2d(x, [1, x.length]), tf.scalar(lo), tf.scalar(hi), bits, 0).dataSync(),
        );
        expect([...actual]).toEqual(
          x.map(v => dequantizeValue(quantizeValue(Math.fround(v), q), encodingOf(q))),
        );
      },
    );

    it('rounds ties to the even code', () => {
      // hi - lo = L = 3, so inv = step = 1 and x is its own scaled value.
      const a = tf.tidy(() =>
        quantizeUniform(tf.tensor2d([[0.5, 1.5, 2.5]]), tf.scalar(0), tf.scalar(3), 2, 0).dataSync(),
      );
      expect([...a]).toEqual([0, 2, 2]);
    });

    it.each([0, 0.1])('has the closed-form gradients, kappa %d', kappa => {
      const [lo, hi, levels, count] = [-0.25, 1.25, 3, 60];
      const [x, g] = [normal(count, 1), normal(count, 2)];
      const [dx, dlo, dhi] = tf.tidy(() => {
        const loss = (...[x, lo, hi]: tf.Tensor[]) =>
          tf.sum(tf.mul(quantizeUniform(x, lo, hi, 2, kappa), tf.tensor2d(g, [4, 15]))) as tf.Scalar;
        return tf
          .grads(loss)([tf.tensor2d(x, [4, 15]), tf.scalar(lo), tf.scalar(hi)])
          .map(t => t.dataSync());
      });
      let [sumLo, sumHi] = [0, 0];
      x.forEach((v, i) => {
        const t = Math.min(Math.max((v - lo) / (hi - lo), 0), 1);
        const error = t - Math.round(t * levels) / levels;
        const inside = v >= lo && v <= hi;
        const expected = inside ? g[i] * (1 + kappa * Math.sign(g[i]) * error) : 0;
        // Six float32 operations on numbers of the size of g.
        expect(Math.abs(dx[i] - expected)).toBeLessThan(6 * 2 ** -24 * (Math.abs(g[i]) + 1));
        sumHi += g[i] * (v > hi ? 1 : v < lo ? 0 : -error);
        sumLo += g[i] * (v > hi ? 0 : v < lo ? 1 : error);
      });
      // LSQ's scale: L levels, 15 features per example. Terms below |g| <= 4, each off by at most 4 roundings of
      // 1; 60 terms, then their sum.
      const scale = 1 / Math.sqrt(levels * 15);
      const bound = (count + 4) * 2 ** -24 * count * 4;
      expect(Math.abs(dlo[0] - scale * sumLo)).toBeLessThan(scale * bound);
      expect(Math.abs(dhi[0] - scale * sumHi)).toBeLessThan(scale * bound);
      expect(Math.abs(sumHi)).toBeGreaterThan(0.1);
    });

    it('gives values at the ends of the interval the gradient of the inside', () => {
      const dx = tf.tidy(() =>
        tf
          .grad((x: tf.Tensor) => quantizeUniform(x, tf.scalar(0), tf.scalar(1), 2, 0))(
            tf.tensor2d([[step(1, 1), 1, 0, -0, -(2 ** -100)]]),
          )
          .dataSync(),
      );
      expect([...dx]).toEqual([0, 1, 1, 1, 0]);
    });
  });
});

describe('uniformActivationQuantizer', () => {
  it('keeps lo at 0 unless it is learned, and the interval open', () => {
    expect(uniformActivationQuantizer(2).constrain({ lo: 5, hi: -1 })).toEqual({
      lo: 0,
      hi: Math.fround(1e-4),
    });
    const { lo, hi } = uniformActivationQuantizer(2, { learnLo: true }).constrain({ lo: 1e6, hi: -1 });
    expect(lo).toBe(1e6);
    expect(hi).toBeGreaterThan(lo);
  });

  it('calibrates to the interval of least squared error', () => {
    // Values that 2 bits on [0, 1.5] hold exactly; half the range of 64 steps up to 3 hits it exactly too.
    const sample = Float32Array.from([...Array.from({ length: 999 }, (_, i) => (i % 4) * 0.5), 3]);
    expect(uniformActivationQuantizer(2).calibrate(sample, { lo: 0, hi: 1 })).toEqual({ lo: 0, hi: 1.5 });
  });

  it('calibrates a constant zero to an interval that is not empty', () => {
    const { hi } = uniformActivationQuantizer(2).calibrate(new Float32Array(10), { lo: 0, hi: 1 });
    expect(hi).toBeGreaterThan(0);
  });

  it('maps to the quantizer of core', () => {
    expect(uniformActivationQuantizer(4).toQuantizer({ lo: 0, hi: 1.614 })).toEqual(
      uniformQuantizer(4, 0, 1.614),
    );
  });
});
