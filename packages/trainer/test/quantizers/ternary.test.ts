import { denseValues } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { quantizeTernary, ternaryQuantizer } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from './numbers.js';
import { run } from './weightGradients.js';

/** The formulas in plain numbers: the mean of |w|, 0.7 of it, and the mean of what is above. */
function reference(w: number[]): number[] {
  const threshold = Math.fround(0.7 * Math.fround(w.reduce((s, x) => s + Math.abs(x), 0) / w.length));
  const kept = w.filter(x => Math.abs(x) > threshold);
  const alpha = Math.fround(kept.reduce((s, x) => s + Math.abs(x), 0) / kept.length);
  return w.map(x => (Math.abs(x) > threshold ? Math.sign(x) * alpha : 0));
}

await onEachEngine(() => {
  describe('quantizeTernary', () => {
    const [w, g] = [normal(48, 1), normal(48, 2)];

    it('is 0 below 0.7 mean|w| and the mean of the rest above', () => {
      const { wHat } = run(w => quantizeTernary(w), w, g);
      expect([...wHat]).toEqual(reference([...w]));
      expect([...wHat].filter(x => x === 0).length).toBeGreaterThan(10);
      expect(new Set(wHat).size).toBe(3);
    });

    it('has a threshold and a scale per channel, the last axis', () => {
      const { wHat } = run(w => quantizeTernary(w, { perChannel: true }), w, g);
      for (let c = 0; c < 8; c++) {
        const own = (values: Float32Array) => [...values].filter((_, i) => i % 8 === c);
        expect(own(wHat)).toEqual(reference(own(w)));
      }
    });

    it('takes the threshold itself for 0, and stays 0 where every weight is', () => {
      // mean|w| is exactly 1, so that the threshold is exactly 0.5.
      const { wHat } = run(
        w => quantizeTernary(w, { thresholdFactor: 0.5 }),
        Float32Array.of(0.5, -0.5, 1, -1, 2, -2, 0.5, 0.5),
        new Float32Array(8),
      );
      expect([...wHat].map(x => x + 0)).toEqual([0, 0, 1.5, -1.5, 1.5, -1.5, 0, 0]);
      expect(
        run(w => quantizeTernary(w), new Float32Array(8), new Float32Array(8)).wHat.every(x => x === 0),
      ).toBe(true);
    });

    it('passes the gradient straight to every weight', () => {
      expect(run(w => quantizeTernary(w), w, g).gradients[0]).toEqual(g);
    });
  });
});

describe('ternaryQuantizer', () => {
  it.each([
    ['per layer', false, [0, 0.5, -0.5, 0, 0, 0.5]],
    ['per channel', true, [0, 0.5, -0.5, 0, 0, 2]],
  ])('stores what it computed, %s', (_, perChannel, values) => {
    const quantized = Float32Array.from(values);
    const stored = ternaryQuantizer({ perChannel }).toWeightData(
      { latent: quantized, quantized, shape: [2, 3], values: {} },
      'float32',
    );
    expect(stored.encoding).toBe('ternary');
    expect([...denseValues(stored)].map(x => x + 0)).toEqual(values);
  });
});
