import { InputError, paperBits } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { allocate, type Curve } from '../../../src/compress/postTraining/allocate.js';

/** Cost falls like e^(-rate * share). */
function curve(weights: number, scale: number, rate: number, scales = 1): Curve {
  const counts = [0, 0.005, 0.01, 0.02, 0.04, 0.08].map(share => Math.round(share * weights));
  const points = counts.map(count => ({ count, cost: scale * Math.exp((-rate * count) / weights) }));
  return { weights, scales, points: [...points, { count: weights, cost: 0 }] };
}

const curves = [curve(2304, 1, 60), curve(9216, 0.5, 30), curve(36864, 0.2, 30), curve(400, 3, 5)];

function bitsOf(counts: readonly number[], of: readonly Curve[]): number {
  return of.reduce((sum, c, i) => sum + paperBits(c.weights, counts[i], c.scales), 0);
}

describe('the budget', () => {
  it('is met from below, short by less than a weight', () => {
    const weights = curves.reduce((sum, c) => sum + c.weights, 0);
    for (const bits of [1, 1.1, 1.2, 1.5, 2.5, 8, 32]) {
      const used = bitsOf(allocate(curves, bits), curves);
      expect(used).toBeLessThanOrEqual(bits * weights);
      expect(used).toBeGreaterThan(bits * weights - 100);
    }
  });

  it('goes where a bit lowers the cost most', () => {
    const counts = allocate(curves, 1.5);
    const cost = (given: readonly number[]) =>
      curves.reduce((sum, c, i) => sum + interpolated(c, given[i]), 0);
    // Moving what 40 weights of one layer take to any other makes it worse.
    for (const from of curves.keys())
      for (const to of curves.keys()) {
        if (from === to || counts[from] < 40 || counts[to] + 40 > curves[to].weights) continue;
        const moved = counts.map((n, i) => n + (i === to ? 40 : i === from ? -40 : 0));
        expect(cost(moved)).toBeGreaterThanOrEqual(cost(counts) - 1e-12);
      }
  });

  it('takes hollows of a curve as what lies across them', () => {
    const hollow: Curve = {
      weights: 1024,
      scales: 1,
      points: [
        { count: 0, cost: 1 },
        { count: 10, cost: 1.2 },
        { count: 20, cost: 0.1 },
        { count: 1024, cost: 0 },
      ],
    };
    // Enough for 20 of either: the hollow one falls by 0.9, the flat one hardly.
    const flat = curve(1024, 0.01, 1);
    const counts = allocate([flat, hollow], 1 + (20 * 42) / 2048);
    expect(counts).toEqual([0, 20]);
  });

  it('that signs and scales exceed is refused', () => {
    const many = [curve(64, 1, 1, 16)];
    expect(() => allocate(many, 2)).toThrow(InputError);
    expect(() => allocate(many, 2)).toThrow(/fewer than the 8\.500/);
  });
});

function interpolated({ points }: Curve, count: number): number {
  const right = points.findIndex(p => p.count >= count);
  if (points[right].count === count) return points[right].cost;
  const [a, b] = [points[right - 1], points[right]];
  return a.cost + ((b.cost - a.cost) * (count - a.count)) / (b.count - a.count);
}
