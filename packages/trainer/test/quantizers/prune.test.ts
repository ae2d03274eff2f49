import { denseValues } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  maskOf,
  pruneKbitQuantizer,
  pruneQuantizer,
  quantizeLsq,
  quantizePrune,
  sparsityAt,
} from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from './numbers.js';
import { run } from './weightGradients.js';

const [w, g] = [normal(48, 1), normal(48, 2)];
const mask = maskOf(w, 0.6);

describe('maskOf', () => {
  it('leaves out the floor of the share, the smallest first', () => {
    const left = [...w].filter((_, i) => mask[i] === 0).map(Math.abs);
    const kept = [...w].filter((_, i) => mask[i] === 1).map(Math.abs);
    expect(left.length).toBe(28);
    expect(Math.max(...left)).toBeLessThan(Math.min(...kept));
  });

  it('leaves out the first of equal weights, none at 0 and all at 1', () => {
    expect([...maskOf(Float32Array.of(1, -1, 2, 1, 1), 0.4)]).toEqual([0, 0, 1, 1, 1]);
    expect([...maskOf(Float32Array.of(0, 0, 3), 0)]).toEqual([1, 1, 1]);
    expect([...maskOf(Float32Array.of(0, 0, 3), 1)]).toEqual([0, 0, 0]);
    expect(() => maskOf(w, 1.1)).toThrow('sparsity must lie between 0 and 1, got 1.1');
  });
});

await onEachEngine(() => {
  describe('quantizePrune', () => {
    it.each(['masked', 'straight-through'] as const)('keeps what the mask keeps, gradient %s', backward => {
      const { wHat, gradients } = run(w => quantizePrune(w, tf.tensor2d(mask, [6, 8]), backward), w, g);
      expect([...wHat]).toEqual([...w].map((x, i) => (mask[i] ? x : 0)));
      expect([...gradients[0]].map(x => x + 0)).toEqual(
        [...g].map((x, i) => (backward === 'masked' ? x * mask[i] + 0 : x)),
      );
    });
  });

  describe('pruned k-bit weights', () => {
    it('are LSQ of the kept weights: the step learns from them alone', () => {
      const step = Math.fround(0.6);
      const pruned = run((w, s) => quantizeLsq(w, s, 2, mask), w, g, tf.scalar(step));
      const masked = g.map((x, i) => x * mask[i]);
      const whole = run((w, s) => quantizeLsq(w, s, 2), w, masked, tf.scalar(step));
      expect([...pruned.wHat]).toEqual([...whole.wHat].map((x, i) => (mask[i] ? x : 0)));
      expect([...pruned.gradients[0]].map(x => x + 0)).toEqual([...whole.gradients[0]].map(x => x + 0));
      expect(pruned.gradients[1]).toEqual(whole.gradients[1]);
    });
  });
});

describe('pruneQuantizer and pruneKbitQuantizer', () => {
  const rowsOf = (quantized: Float32Array, values: Record<string, Float32Array>) => ({
    latent: w,
    quantized,
    shape: [8, 6],
    values,
  });

  it('store the kept values, rounded when asked', () => {
    const quantized = w.map((x, i) => x * mask[i]);
    const stored = pruneQuantizer().toWeightData(rowsOf(quantized, { mask }), 'float32');
    expect(stored).toMatchObject({ encoding: 'sparse', values: { length: 20 } });
    expect([...denseValues(stored)].map(x => x + 0)).toEqual([...quantized].map(x => x + 0));
    const half = denseValues(pruneQuantizer().toWeightData(rowsOf(quantized, { mask }), 'float16'));
    // Half precision has 11 bits.
    half.forEach((x, i) => {
      expect(Math.abs(x - quantized[i])).toBeLessThanOrEqual(2 ** -11 * Math.abs(quantized[i]));
    });
    expect([...half]).not.toEqual([...quantized]);
  });

  it.each([2, 3, 8])('store %i-bit codes of the kept weights, bit for bit', bits => {
    const q = pruneKbitQuantizer({ bits, sparsity: 0.6 });
    const values = q.start(w, 8, { rule: 'std', factor: 3 });
    expect(values.mask).toEqual(mask);
    const quantized = tf.tidy(
      () =>
        q
          .quantize(tf.tensor2d(w, [8, 6]), {
            step: tf.scalar(values.step[0]),
            mask: tf.tensor2d(mask, [8, 6]),
          })
          .dataSync() as Float32Array,
    );
    const stored = q.toWeightData(rowsOf(quantized, values), 'float32');
    expect(stored).toMatchObject({
      encoding: 'sparseKbit',
      positions: { length: 20 },
      codes: { bits, k: 20 },
    });
    expect(denseValues(stored)).toEqual(quantized);
  });

  it('refuse shares and widths that are none', () => {
    expect(() => pruneQuantizer({ sparsity: -0.1 })).toThrow('sparsity must lie between 0 and 1');
    expect(() => pruneQuantizer({ backward: 'ste' as 'masked' })).toThrow('use masked or straight-through');
    expect(() => pruneKbitQuantizer({ bits: 1 })).toThrow('2 to 8 bits');
  });
});

describe('sparsityAt', () => {
  it('rises by the cubic between start and end', () => {
    const schedule = { sparsity: 0.9, startSparsity: 0.1, start: 0.2, end: 0.6 };
    expect([0, 0.2, 0.6, 1].map(p => sparsityAt(schedule, p))).toEqual([
      expect.closeTo(0.1, 12),
      expect.closeTo(0.1, 12),
      0.9,
      0.9,
    ]);
    // Half way: 0.9 - 0.8 / 8.
    expect(sparsityAt(schedule, 0.4)).toBeCloseTo(0.8, 12);
    expect(sparsityAt({ sparsity: 0.5, start: 0.3, end: 0.3 }, 0.29)).toBe(0);
    expect(sparsityAt({ sparsity: 0.5, start: 0.3, end: 0.3 }, 0.3)).toBe(0.5);
  });

  it('refuses shares that are none or out of order', () => {
    expect(() => sparsityAt({ sparsity: 2 }, 0)).toThrow('sparsity of the pruning schedule');
    expect(() => sparsityAt({ sparsity: 0.5, start: 0.8, end: 0.2 }, 0)).toThrow(
      'starts at 0.8, after its end',
    );
  });
});
