import { InputError, paperBits } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { randomFor } from '../../../src/data/random.js';
import { allocate, type Contender } from '../../../src/train/hooks/budgetAllocation.js';

function layer(n: number, sensitivity: number, seed: number, deltaMin = 1e-6): Contender {
  const random = randomFor(seed);
  const distances = Float32Array.from({ length: n }, () => Math.abs(random() - random()) / 2 ** 32);
  return { distances, sensitivity, scales: 1, deltaMin };
}

/** What each weight is worth a bit, largest first; the budget as a list of bits. */
function greedy(layers: readonly Contender[], bitsPerWeight: number): number[] {
  const counts = layers.map(() => 0);
  const cost = layers.map(({ distances: { length: n } }) => 32 + Math.ceil(Math.log2(n)));
  const total = layers.reduce((sum, { distances }) => sum + distances.length, 0);
  let left = total * (bitsPerWeight - 1);
  const offers = layers.flatMap(({ distances, sensitivity }, i) =>
    [...distances].map(d => ({ i, worth: (sensitivity * d * d) / cost[i] })),
  );
  for (const { i } of offers.sort((a, b) => b.worth - a.worth)) {
    if (left < cost[i]) break;
    left -= cost[i];
    counts[i]++;
  }
  return counts;
}

describe('allocate', () => {
  const layers = [layer(432, 8, 1), layer(2304, 1, 2), layer(9216, 0.25, 3)];

  it.each([1.05, 1.1, 1.5, 2.5, 8])('keeps what is worth most a bit, at %d bits', budget => {
    const { counts, bitsPerWeight, deltas } = allocate(layers, budget);
    // The float32 rounding of a delta may decide over a neighbour.
    for (const [i, count] of greedy(layers, budget).entries())
      expect(Math.abs(counts[i] - count)).toBeLessThanOrEqual(1);
    expect(bitsPerWeight).toBeLessThanOrEqual(budget);
    expect(bitsPerWeight).toBeGreaterThan(budget - 0.01);
    const bits = layers.reduce(
      (sum, { distances }, i) =>
        sum + paperBits(distances.length, distances.filter(d => !(d < deltas[i])).length),
      0,
    );
    expect(bits / 11952).toBe(bitsPerWeight);
  });

  it('gives the layer that the loss minds more a larger share', () => {
    const [a, b] = allocate([layer(1000, 4, 5), layer(1000, 1, 5)], 1.5).counts;
    expect(a).toBeGreaterThan(b);
  });

  it('never goes below the smallest delta', () => {
    const bounded = [layer(1000, 1e6, 5, 0.5), layer(1000, 1, 6, 0.5)];
    const { deltas, counts } = allocate(bounded, 8);
    expect(deltas.every(delta => delta >= 0.5)).toBe(true);
    expect(counts[0]).toBe(bounded[0].distances.filter(d => d >= 0.5).length);
  });

  it.each([
    ['too many', 12, 0.5],
    ['too few', 0.9, 1e-6],
  ])('refuses %s bits and says what can be reached', (_, budget, deltaMin) => {
    expect(() => allocate([layer(1000, 1, 5, deltaMin)], budget)).toThrow(InputError);
    expect(() => allocate([layer(1000, 1, 5, deltaMin)], budget)).toThrow(
      /cannot be reached.*take 1\.000 to/,
    );
  });

  it('takes layers whose distances are all 0 or all equal', () => {
    const equal = { ...layer(64, 1, 1), distances: new Float32Array(64).fill(0.25) };
    const zero = { ...layer(64, 1, 1), distances: new Float32Array(64) };
    const { counts } = allocate([equal, zero], 1.5);
    expect(counts).toEqual([0, 0]);
  });
});
