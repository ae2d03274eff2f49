import { denseValues, isBinarized, roundToFloat16 } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { apbQuantizer, quantizeApb, type Reduction } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { around, normal, step } from './numbers.js';

const alpha = Math.fround(0.7);
const delta = Math.fround(0.3);
const shape = [3, 3, 4, 8];
const n = 288;

/** dL/dw_hat, and gradients of sum(g * w_hat) with respect to w, alpha and delta. */
function gradients(w: Float32Array, g: Float32Array, reduction: Reduction, alphas: tf.Tensor, d = delta) {
  return tf.tidy(() => {
    const loss = (...[w, a, d]: tf.Tensor[]) =>
      tf.sum(tf.mul(quantizeApb(w, a, d, reduction), tf.tensor(g, shape))) as tf.Scalar;
    return tf
      .grads(loss)([tf.tensor(w, shape), alphas, tf.scalar(d)])
      .map(t => t.dataSync());
  });
}

/** Sum in float64 of `term` over binarized weights, and of its magnitudes. */
function sumBinarized(w: Float32Array, term: (i: number) => number) {
  let [sum, size] = [0, 0];
  w.forEach((x, i) => {
    if (!isBinarized(x, alpha, delta)) return;
    sum += term(i);
    size += Math.abs(term(i));
  });
  return { sum, size };
}

/** Bound on a float32 sum of n terms in any order, each rounded at most four times: (n + 4) * 2^-24 * sum |term|. */
const tolerance = (size: number) => (n + 4) * 2 ** -24 * size;

const sign = (x: number) => (x < 0 ? -1 : 1);

await onEachEngine(() => {
  describe('quantizeApb', () => {
    const wHatOf = (w: number[], a: number, d: number) =>
      tf.tidy(() =>
        quantizeApb(tf.tensor2d(w, [1, w.length]), tf.scalar(a), tf.scalar(d), 'mean').dataSync(),
      );

    it.each([
      ['two-sided interval', alpha, delta],
      ['delta = alpha', alpha, alpha],
      ['delta > alpha', alpha, Math.fround(2.1)],
      ['smallest bounds', Math.fround(1e-6), Math.fround(1e-6)],
      ['delta infinite', alpha, Number.POSITIVE_INFINITY],
    ])('has the mask and the signs of core at every edge: %s', (_, a, d) => {
      const edges = [a, a + d, Math.abs(a - d), d, 1, 1e30, 2 ** -126].filter(
        x => Number.isFinite(x) && x > 0,
      );
      const w = [0, -0, ...edges.flatMap(around)]
        .map(Math.fround)
        .filter(x => x === 0 || Math.abs(x) >= 2 ** -126);
      const expected = w.map(x => (isBinarized(x, a, d) ? sign(x) * a : x));
      // === but for the sign of a zero, which no sign or product depends on.
      expect([...wHatOf(w, a, d)].map(x => x + 0)).toEqual(expected.map(x => x + 0));
    });

    it('agrees with core on random weights', () => {
      const w = normal(n, 1);
      const expected = [...w].map(x => (isBinarized(x, alpha, delta) ? Math.fround(sign(x) * alpha) : x));
      const binarized = [...w].filter(x => isBinarized(x, alpha, delta)).length;
      expect(binarized).toBeGreaterThan(n / 5);
      expect(binarized).toBeLessThan((4 * n) / 5);
      expect([...wHatOf([...w], alpha, delta)]).toEqual(expected);
    });

    it('passes the gradient straight to every weight', () => {
      const [w, g] = [normal(n, 2), normal(n, 3)];
      expect(gradients(w, g, 'mean', tf.scalar(alpha))[0]).toEqual(g);
    });

    it('has the exact gradient of alpha with the mask held fixed, by finite differences', () => {
      const eps = 2 ** -7;
      const g = normal(n, 5);
      // Weights that no alpha within 10 eps moves into or out of the interval.
      const w = normal(n, 4).map(x =>
        Math.abs(Math.abs(Math.abs(x) - alpha) - delta) > 10 * eps ? x : alpha,
      );
      const lossAt = (a: number) => {
        const wHat = wHatOf([...w], a, delta);
        return g.reduce((sum, gi, i) => sum + gi * wHat[i], 0);
      };
      const [up, down] = [Math.fround(alpha + eps), Math.fround(alpha - eps)];
      const difference = (lossAt(up) - lossAt(down)) / (up - down);
      const { size } = sumBinarized(w, i => g[i]);
      // The loss is linear in alpha, so the difference is exact but for float64 rounding.
      expect(Math.abs(gradients(w, g, 'sum', tf.scalar(alpha))[1][0] - difference)).toBeLessThan(
        tolerance(size) + 1e-9,
      );
      expect(Math.abs(difference)).toBeGreaterThan(1);
    });

    it.each([
      ['sum', 1],
      ['mean', 1 / n],
      ['lsq', 1 / Math.sqrt(n)],
    ] as const)('has the closed forms of the paper, reduced by %s', (reduction, factor) => {
      const [w, g] = [normal(n, 6), normal(n, 7)];
      const [, da, dd] = gradients(w, g, reduction, tf.scalar(alpha));
      const forAlpha = sumBinarized(w, i => g[i] * sign(w[i]));
      const forDelta = sumBinarized(w, i => (g[i] * (sign(w[i]) * alpha - w[i])) / delta);
      expect(Math.abs(da[0] - factor * forAlpha.sum)).toBeLessThan(factor * tolerance(forAlpha.size));
      expect(Math.abs(dd[0] - factor * forDelta.sum)).toBeLessThan(factor * tolerance(forDelta.size));
    });

    it('sums the gradient of one alpha per channel over that channel', () => {
      const [w, g] = [normal(n, 8), normal(n, 9)];
      const [, da] = gradients(w, g, 'mean', tf.fill([8], alpha));
      for (let c = 0; c < 8; c++) {
        const own = sumBinarized(w, i => (i % 8 === c ? g[i] * sign(w[i]) : 0));
        expect(Math.abs(da[c] - own.sum / 36)).toBeLessThan(tolerance(own.size) / 36);
      }
    });

    it('leaves alpha and delta without gradient where nothing is binarized', () => {
      const w = new Float32Array(n).fill(5);
      const [dw, da, dd] = gradients(w, normal(n, 10), 'sum', tf.scalar(alpha));
      expect(dw.length).toBe(n);
      expect([da[0], dd[0]]).toEqual([0, 0]);
    });
  });
});

describe('apbQuantizer', () => {
  it('starts alpha at mean |w| and delta at 3 standard deviations', () => {
    const w = Float32Array.of(1, -3, 2, -2);
    // mean -0.5, squared deviations 2.25 + 6.25 + 6.25 + 2.25 = 17.
    expect(apbQuantizer().start(w, 2, { rule: 'std', factor: 3 })).toEqual({
      alpha: Float32Array.of(2),
      delta: Float32Array.of(3 * Math.sqrt(17 / 4)),
    });
  });

  it('starts one alpha per output channel, the last axis', () => {
    const w = Float32Array.of(1, -3, 2, -5);
    expect(apbQuantizer({ perChannel: true }).start(w, 2, { rule: 'std', factor: 3 }).alpha).toEqual(
      Float32Array.of(1.5, 4),
    );
  });

  it('leaves the share that a percentile rule says in full precision', () => {
    const w = normal(1000, 11);
    const q = apbQuantizer({ deltaAboveAlpha: false });
    const { alpha, delta } = q.start(w, 10, { rule: 'percentile', percent: 95 });
    expect([...w].filter(x => !isBinarized(x, alpha[0], delta[0])).length).toBe(50);
  });

  it.each([
    { rule: 'percentile', percent: 0 },
    { rule: 'percentile', percent: 101 },
    { rule: 'std', factor: 0 },
  ] as const)('refuses the rule %o', rule => {
    expect(() => apbQuantizer().start(normal(8, 1), 2, rule)).toThrow(/delta rule/);
  });

  it('keeps every weight near zero binarized by default, zero itself included', () => {
    const { alpha, delta } = apbQuantizer().constrain({
      alpha: Float32Array.of(0.7),
      delta: Float32Array.of(0.1),
    });
    for (const w of [0, -0, 1e-30, step(1e-3, 1)]) expect(isBinarized(w, alpha[0], delta[0])).toBe(true);
    expect(
      apbQuantizer({ deltaAboveAlpha: false }).constrain({ alpha, delta: Float32Array.of(0.1) }).delta,
    ).toEqual(Float32Array.of(0.1));
  });

  it('raises alpha and delta to their bounds, and stays there', () => {
    const q = apbQuantizer({ alphaMin: 0.5, deltaMin: 0.25, deltaAboveAlpha: false });
    const once = q.constrain({ alpha: Float32Array.of(-3), delta: Float32Array.of(-1) });
    expect(once).toEqual({ alpha: Float32Array.of(0.5), delta: Float32Array.of(0.25) });
    expect(q.constrain(once)).toBe(once);
  });

  it('refuses unknown reductions and bounds of zero', () => {
    expect(() => apbQuantizer({ reduction: 'max' as Reduction })).toThrow('reduction max is unknown');
    expect(() => apbQuantizer({ deltaMin: 0 })).toThrow('deltaMin');
  });

  it('stores what it computes, and rounds full-precision values when asked', () => {
    const w = normal(n, 12);
    const values = { alpha: Float32Array.of(alpha), delta: Float32Array.of(delta) };
    const wHat = [...w].map(x => (isBinarized(x, alpha, delta) ? sign(x) * alpha : x));
    const rows = { latent: w, quantized: Float32Array.from(wHat), shape: [8, 3, 3, 4], values };
    const stored = apbQuantizer().toWeightData(rows, 'float32');
    expect([...denseValues(stored)]).toEqual(wHat);
    const half = apbQuantizer().toWeightData(rows, 'float16');
    expect([...denseValues(half)]).toEqual(
      [...w].map(x => (isBinarized(x, alpha, delta) ? sign(x) * alpha : roundToFloat16(x))),
    );
  });
});
