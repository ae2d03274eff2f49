import { isBinarized } from '@apb/core';
import { expect, it } from 'vitest';
import { nearestOnSide } from '../../src/quantizers/scales.js';

const f = Math.fround;

it.each([
  [0.1, 0.3],
  [1, 1 + 2 ** -20],
  [3e-6, 1e-5],
  [0.7, 0.2],
  [1e20, 3e20],
])('alpha %d, delta %d: the edge and no further', (a, d) => {
  const [alpha, delta] = [f(a), f(d)];
  for (const binarized of [true, false])
    for (const w of [0, -0, 0.05, -0.1, 0.39, 0.4, -0.41, 0.5, 0.9, -100, 3e20, 4.1e20].map(f)) {
      const moved = nearestOnSide(w, alpha, delta, binarized);
      expect(isBinarized(moved, alpha, delta)).toBe(binarized);
      expect(Math.fround(moved)).toBe(moved);
      expect(moved < 0).toBe(w < 0);
      if (isBinarized(w, alpha, delta) === binarized) {
        expect(moved).toBe(w);
        continue;
      }
      const edge = Math.abs(Math.abs(Math.abs(moved) - alpha) - delta);
      expect(edge).toBeLessThanOrEqual(8 * 2 ** -23 * (alpha + delta));
    }
});
