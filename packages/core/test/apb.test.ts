import { describe, expect, test } from 'vitest';
import { decompose, isBinarized, recompose, residual, unpack } from '../src/index.js';
import { random, randomFloats } from './models.js';

const f = Math.fround;
const infinity = Number.POSITIVE_INFINITY;

describe('the predicate', () => {
  test('is strict: a weight exactly delta away from alpha keeps its value', () => {
    // All exact in float32.
    expect(isBinarized(0.75, 0.5, 0.25)).toBe(false);
    expect(isBinarized(0.25, 0.5, 0.25)).toBe(false);
    expect(isBinarized(0.75 - 2 ** -24, 0.5, 0.25)).toBe(true);
    expect(isBinarized(0.25 + 2 ** -25, 0.5, 0.25)).toBe(true);
  });

  test('looks at the magnitude', () => {
    for (const w of [0.1, 0.3, 0.5, 0.7, 0.9])
      expect(isBinarized(-w, 0.5, 0.25)).toBe(isBinarized(w, 0.5, 0.25));
  });

  test('zeros, subnormals, and an interval that reaches beyond zero', () => {
    for (const zero of [0, -0]) {
      expect(isBinarized(zero, 0.5, 0.5)).toBe(false);
      expect(isBinarized(zero, 0.5, 0.5 + 2 ** -24)).toBe(true);
    }
    expect(isBinarized(1e-45, 1e-45, 1e-45)).toBe(true);
    expect(isBinarized(3e-45, 1e-45, 1e-45)).toBe(false);
  });

  test('delta 0 binarizes nothing, Infinity everything', () => {
    for (const w of [0, 0.5, -0.5, 3e38, 1e-45]) {
      expect(isBinarized(w, 0.5, 0)).toBe(false);
      expect(isBinarized(w, 0.5, infinity)).toBe(true);
    }
  });

  test('rounds each step to float32', () => {
    // |w| - alpha = 1 - 2^-25 in float64, below delta = 1; in float32 it rounds to 1, which is not.
    expect(isBinarized(1, 2 ** -25, 1)).toBe(false);
    // 0.1 + 0.2 and 0.3 differ in float64, not in float32.
    expect(isBinarized(0.1 + 0.2, 0.3, 1e-45)).toBe(true);
  });
});

describe('decompose', () => {
  const alpha = f(0.5);

  test('signs cover every weight, values are kept as they stand', () => {
    const w = Float32Array.of(0.5, -0.5, 0, -0, 1, -1, 0.6, -0.6, 1e-45, -1e-45);
    const d = decompose(w, 2, 5, Float32Array.of(alpha), 0.25);
    expect([...unpack(d.signs)]).toEqual([1, -1, 1, 1, 1, -1, 1, -1, 1, -1]);
    expect([...d.positions]).toEqual([2, 3, 4, 5, 8, 9]);
    expect(d.values).toEqual(Float32Array.of(0, -0, 1, -1, 1e-45, -1e-45));
    expect(recompose(d)).toEqual(Float32Array.of(0.5, -0.5, 0, -0, 1, -1, 0.5, -0.5, 1e-45, -1e-45));
  });

  test('one scale per row is that row’s alpha, in mask, signs and residual', () => {
    const w = Float32Array.of(0.5, -0.9, 2, -2.2);
    const d = decompose(w, 2, 2, Float32Array.of(0.5, 2), 0.25);
    expect([...d.positions]).toEqual([1]);
    expect(recompose(d)).toEqual(Float32Array.of(0.5, -0.9, 2, -2));
    const r = residual(d);
    expect([...r.rowStart]).toEqual([0, 1, 1]);
    expect([...r.columns]).toEqual([1]);
    expect(r.values).toEqual(Float32Array.of(f(f(-0.9) + 0.5)));
  });

  test.each([0, 0.1, 0.3, infinity])('scale * S + R is W_hat, delta %d', delta => {
    const [rows, k] = [5, 37];
    const w = randomFloats(rows * k, random(3));
    const d = decompose(w, rows, k, Float32Array.of(alpha), delta);
    const r = residual(d);
    const sum = Float32Array.from(unpack(d.signs), s => s * alpha);
    for (let row = 0; row < rows; row++)
      for (let t = r.rowStart[row]; t < r.rowStart[row + 1]; t++) sum[row * k + r.columns[t]] += r.values[t];
    const dense = recompose(d);
    // R and the sum are each rounded once; |R| < 1.5 and |sum| < 1, so by at most 2^-24 and 2^-25.
    sum.forEach((x, i) => {
      expect(Math.abs(x - dense[i])).toBeLessThanOrEqual(2 ** -24 + 2 ** -25);
    });
    expect(r.rowStart[rows]).toBe(d.positions.length);
    dense.forEach((x, i) => {
      expect(x).toBe(isBinarized(w[i], alpha, delta) ? (w[i] < 0 ? -alpha : alpha) : w[i]);
    });
  });

  test('refuses what is not finite or not positive', () => {
    const one = Float32Array.of(1);
    for (const bad of [Number.NaN, infinity, -infinity])
      expect(() => decompose(Float32Array.of(0, bad), 1, 2, one, 1)).toThrow('index 1');
    for (const bad of [0, -1, Number.NaN, infinity])
      expect(() => decompose(one, 1, 1, Float32Array.of(bad), 1)).toThrow('scale');
    expect(() => decompose(new Float32Array(6), 3, 2, Float32Array.of(1, 1), 1)).toThrow('1 or 3');
  });
});
