import { describe, expect, it } from 'vitest';
import { cosine, multistep, oneCycle, rateShare } from '../../src/train/schedule.js';

describe('cosine', () => {
  it('falls from 1 towards 0 over half a period', () => {
    expect(cosine(0, 100)).toBe(1);
    expect(cosine(50, 100)).toBeCloseTo(0.5, 15);
    expect(cosine(25, 100)).toBeCloseTo((1 + Math.SQRT1_2) / 2, 15);
    expect(cosine(99, 100)).toBeGreaterThan(0);
    expect(cosine(100, 100)).toBe(0);
  });

  it('rises first', () => {
    const rates = [0, 1, 2, 3].map(step => cosine(step, 103, 3));
    expect(rates).toEqual([0.25, 0.5, 0.75, 1]);
    expect(cosine(53, 103, 3)).toBeCloseTo(0.5, 15);
  });

  it('holds for the shortest runs', () => {
    expect(cosine(0, 1)).toBe(1);
    expect(cosine(0, 1, 1)).toBe(0.5);
    for (let step = 0; step < 3; step++) expect(cosine(step, 3, 7)).toBeLessThan(1);
  });
});

describe('multistep', () => {
  it('falls at each of the steps, from that step on, in any order', () => {
    const rates = [0, 9, 10, 19, 20, 1000].map(step => multistep(step, [20, 10], 0.5));
    expect(rates).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
  });

  it('rises first, and multiplies both where they overlap', () => {
    expect([0, 1, 2, 3].map(step => multistep(step, [2], 0.5, 3))).toEqual([0.25, 0.5, 0.375, 0.5]);
  });
});

describe('oneCycle', () => {
  it('starts at 1/25, peaks at the end of the rise, ends at 0', () => {
    expect(oneCycle(0, 100, 30)).toBeCloseTo(0.04, 15);
    expect(oneCycle(15, 100, 30)).toBeCloseTo(0.52, 15);
    expect(oneCycle(30, 100, 30)).toBe(1);
    expect(oneCycle(65, 100, 30)).toBeCloseTo(0.5, 15);
    expect(oneCycle(100, 100, 30)).toBe(0);
  });

  it('rises, then falls', () => {
    const rates = Array.from({ length: 100 }, (_, step) => oneCycle(step, 100, 30));
    rates.forEach((rate, step) => {
      if (step > 0) expect(rate - rates[step - 1] > 0).toBe(step <= 30);
      expect(rate).toBeGreaterThan(0);
    });
  });

  it('without a rise begins at the peak', () => expect(oneCycle(0, 100, 0)).toBe(1));
});

describe('rateShare', () => {
  // 3 epochs of 10 steps; lengths in epochs become steps.
  const at = (schedule: Parameters<typeof rateShare>[0], step: number) => rateShare(schedule, step, 30, 10);

  it('takes lengths in epochs', () => {
    expect(at({ kind: 'constant', warmupEpochs: 0 }, 29)).toBe(1);
    expect(at({ kind: 'constant', warmupEpochs: 0.3 }, 0)).toBe(0.25);
    expect(at({ kind: 'cosine', warmupEpochs: 1 }, 20)).toBe(cosine(20, 30, 10));
    const steps = { kind: 'multistep', warmupEpochs: 0, atEpochs: [1, 2.5], factor: 0.1 } as const;
    expect([9, 10, 24, 25].map(step => at(steps, step))).toEqual([1, 0.1, 0.1, 0.1 ** 2]);
    expect(at({ kind: 'one-cycle', warmupEpochs: 0.9 }, 4)).toBe(oneCycle(4, 30, 9));
  });
});
