import { describe, expect, test } from 'vitest';
import { foldEpilogue, outputSize, samePads } from '../src/index.js';
import { random, randomFloats } from './models.js';

describe('outputSize', () => {
  test('counts the places where the window fits', () => {
    for (let size = 1; size <= 9; size++)
      for (let kernel = 1; kernel <= 4; kernel++)
        for (let stride = 1; stride <= 3; stride++)
          for (let dilation = 1; dilation <= 3; dilation++)
            for (const [before, after] of [
              [0, 0],
              [1, 0],
              [0, 2],
              [3, 1],
            ]) {
              const padded = size + before + after;
              let places = 0;
              for (let at = 0; at + dilation * (kernel - 1) < padded; at += stride) places++;
              const call = () => outputSize(size, kernel, stride, dilation, before, after);
              if (places === 0) expect(call).toThrow('does not fit');
              else expect(call()).toBe(places);
            }
  });
});

describe('samePads', () => {
  test('gives ceil(size / stride) outputs with the fewest pads, the odd one after', () => {
    for (let size = 1; size <= 12; size++)
      for (let kernel = 1; kernel <= 5; kernel++)
        for (let stride = 1; stride <= 3; stride++)
          for (let dilation = 1; dilation <= 2; dilation++) {
            const [before, after] = samePads(size, kernel, stride, dilation);
            const out = Math.ceil(size / stride);
            expect(outputSize(size, kernel, stride, dilation, before, after)).toBe(out);
            expect([0, 1]).toContain(after - before);
            // One pad fewer would lose an output.
            if (after > 0) {
              const fewer = size + before + after - 1 - (dilation * (kernel - 1) + 1);
              expect(Math.floor(fewer / stride) + 1).toBeLessThan(out);
            }
          }
  });

  test('is asymmetric for stride 2 on even sizes', () => {
    expect(samePads(32, 3, 2, 1)).toEqual([0, 1]);
    expect(samePads(33, 3, 2, 1)).toEqual([1, 1]);
    expect(samePads(224, 7, 2, 1)).toEqual([2, 3]);
  });
});

describe('foldEpilogue', () => {
  test('without a norm: scale 1, shift the bias', () => {
    expect(foldEpilogue(2)).toEqual({ scale: Float32Array.of(1, 1), shift: Float32Array.of(0, 0) });
    expect(foldEpilogue(2, Float32Array.of(3, -0))).toEqual({
      scale: Float32Array.of(1, 1),
      shift: Float32Array.of(3, -0),
    });
  });

  test('by hand', () => {
    const norm = {
      gamma: Float32Array.of(6, -3, 0),
      beta: Float32Array.of(1, 0, 5),
      mean: Float32Array.of(2, 4, 7),
      variance: Float32Array.of(3, 8, 0),
      epsilon: 1,
    };
    expect(foldEpilogue(3, undefined, norm)).toEqual({
      scale: Float32Array.of(3, -1, 0),
      shift: Float32Array.of(-5, 4, 5),
    });
    expect(foldEpilogue(3, Float32Array.of(1, 1, 1), norm).shift).toEqual(Float32Array.of(-2, 3, 5));
  });

  test('scale * x + shift is the normalised value', () => {
    const next = random(11);
    const n = 200;
    const [gamma, beta, mean, bias, x] = Array.from({ length: 5 }, () => randomFloats(n, next));
    const variance = randomFloats(n, next).map(v => Math.abs(v));
    const epsilon = 1e-3;
    const { scale, shift } = foldEpilogue(n, bias, { gamma, beta, mean, variance, epsilon });
    for (let c = 0; c < n; c++) {
      const s = gamma[c] / Math.sqrt(variance[c] + epsilon);
      const expected = s * (x[c] + bias[c] - mean[c]) + beta[c];
      // scale and shift are rounded once each: half an ulp, relative 2^-24.
      const bound = 2 ** -24 * (Math.abs(s * x[c]) + Math.abs(shift[c])) + 1e-13;
      expect(Math.abs(scale[c] * x[c] + shift[c] - expected)).toBeLessThanOrEqual(bound);
    }
  });
});
