import { isBinarized } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { type Scaling, split } from '../../../src/compress/postTraining/mask.js';
import { normal } from './nets.js';

const rows = 6;
const k = 40;
const w = Float64Array.from(normal(rows * k, 1));
const energy = Float64Array.from(normal(k, 2), v => v * v + 0.1);

function sum(values: Uint8Array): number {
  return values.reduce((a, b) => a + b, 0);
}

describe('the split of a layer', () => {
  for (const scaling of ['layer', 'channel', 'norm'] as Scaling[])
    it(`is one interval of the predicate, alpha its least-squares fit (${scaling})`, () => {
      for (const count of [0, 1, 7, 100, rows * k]) {
        const { alpha, full } = split(w, rows, energy, count, scaling);
        expect(sum(full)).toBe(count);
        const at = (i: number) => {
          const a = alpha[Math.floor(i / k)];
          return scaling === 'norm' ? [Math.fround(w[i] / a), 1] : [w[i], a];
        };
        const distance = (i: number) =>
          Math.abs(Math.fround(Math.abs(Math.fround(at(i)[0])) - Math.fround(at(i)[1])));
        const kept = [...full.keys()].filter(i => full[i] === 1);
        const delta = Math.min(...kept.map(distance), Number.POSITIVE_INFINITY);
        for (const i of full.keys()) expect(isBinarized(at(i)[0], at(i)[1], delta)).toBe(full[i] === 0);
      }
    });

  it('has the alpha that a small change of makes worse', () => {
    const { alpha, full } = split(w, rows, energy, 9, 'layer');
    expect(new Set(alpha).size).toBe(1);
    const cost = (a: number) =>
      w.reduce((total, v, i) => total + (full[i] ? 0 : energy[i % k] * (Math.abs(v) - a) ** 2), 0);
    for (const step of [0.99, 1.01]) expect(cost(alpha[0] * step)).toBeGreaterThan(cost(alpha[0]));
  });

  it('keeps fewer where weights lie equally far', () => {
    const equal = Float64Array.of(1, 1, 1, 1, 3, 3, 3, -3);
    expect(sum(split(equal, 1, new Float64Array(8).fill(1), 2, 'layer').full)).toBe(0);
    const { full, alpha } = split(equal, 1, Float64Array.of(1, 1, 1, 1, 0, 0, 0, 0), 4, 'layer');
    expect([...full]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(alpha[0]).toBe(1);
  });

  it('gives zeros a scale above 0', () => {
    for (const scaling of ['layer', 'channel', 'norm'] as Scaling[]) {
      const { alpha } = split(new Float64Array(8), 2, new Float64Array(4).fill(1), 1, scaling);
      expect(Array.from(alpha).every(a => a > 0)).toBe(true);
      const half = Float64Array.of(0, 0, 0, 0, 1, -2, 1, 2);
      expect(
        Array.from(split(half, 2, new Float64Array(4).fill(1), 0, scaling).alpha).every(a => a > 0),
      ).toBe(true);
    }
  });
});
