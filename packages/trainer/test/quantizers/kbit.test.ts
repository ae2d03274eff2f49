import { denseValues } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { kbitQuantizer, quantizeDorefa, quantizeLsq } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal } from './numbers.js';
import { run } from './weightGradients.js';

const n = 48;
const [w, g] = [normal(n, 1), normal(n, 2)];

/** The nearest integer, ties to even, independent of core's. */
const nearest = (x: number) => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};

await onEachEngine(() => {
  describe.each([2, 3, 4, 8])('quantizeLsq, %i bits', bits => {
    const top = 2 ** bits - 1;
    // Clips some of the weights whatever the width.
    const step = Math.fround(2.5 / top);

    it('has the values and gradients of LSQ on a grid without a zero', () => {
      const { wHat, gradients } = run((w, s) => quantizeLsq(w, s, bits), w, g, tf.scalar(step));
      let [slope, size, clipped] = [0, 0, 0];
      w.forEach((x, i) => {
        const v = Math.fround(x / step);
        const q = nearest(Math.min(Math.max(v + top / 2, 0), top));
        expect(wHat[i]).toBe(Math.fround((2 * q - top) * (step / 2)));
        const inside = Math.abs(v) <= top / 2;
        if (!inside) clipped++;
        expect(gradients[0][i]).toBe(inside ? g[i] : 0);
        const term = g[i] * (inside ? q - top / 2 - v : (Math.sign(v) * top) / 2);
        slope += term;
        size += Math.abs(term);
      });
      // Float64 sums of terms whose slope is rounded once, then the result.
      const scale = 1 / Math.sqrt(n * (top / 2));
      expect(Math.abs(gradients[1][0] - scale * slope)).toBeLessThan(2 * 2 ** -24 * scale * size);
      expect(clipped).toBeGreaterThan(0);
    });

    it('has the slope of W_hat in the step where no code changes, by finite differences', () => {
      // Clipped weights are exactly linear in the step: there the surrogate is the derivative.
      const far = w.map(x => Math.sign(x) * (2 + Math.abs(x)));
      const at = (s: number) =>
        run((w, s) => quantizeLsq(w, s, bits), far, g, tf.scalar(s)).wHat.reduce(
          (sum, x, i) => sum + g[i] * x,
          0,
        );
      const [up, down] = [step * (1 + 2 ** -8), step * (1 - 2 ** -8)].map(Math.fround);
      const difference = (at(up) - at(down)) / (up - down);
      const gradient = run((w, s) => quantizeLsq(w, s, bits), far, g, tf.scalar(step)).gradients[1][0];
      const size = g.reduce((sum, x) => sum + (Math.abs(x) * top) / 2, 0);
      // w_hat and step are rounded to 2^-24 of themselves, divided by a step of 2^-7 of it.
      expect(Math.abs(gradient * Math.sqrt(n * (top / 2)) - difference)).toBeLessThan(
        2 ** -24 * 2 ** 9 * size,
      );
    });

    it('has a step per channel, the last axis', () => {
      const steps = Float32Array.from({ length: 8 }, (_, c) => step * (1 + c));
      const { wHat, gradients } = run((w, s) => quantizeLsq(w, s, bits), w, g, tf.tensor1d(steps));
      for (let c = 0; c < 8; c++) {
        const own = (values: Float32Array) => values.filter((_, i) => i % 8 === c);
        const alone = tf.tidy(() => {
          const loss = (...[w, s]: tf.Tensor[]) =>
            tf.sum(tf.mul(quantizeLsq(w, s, bits), tf.tensor2d(own(g), [6, 1]))) as tf.Scalar;
          const inputs = [tf.tensor2d(own(w), [6, 1]), tf.scalar(steps[c])];
          return [quantizeLsq(inputs[0], inputs[1], bits), ...tf.grads(loss)(inputs)].map(t => t.dataSync());
        });
        expect(own(wHat)).toEqual(alone[0]);
        expect(own(gradients[0])).toEqual(alone[1]);
        expect(gradients[1][c]).toBe(alone[2][0]);
      }
    });
  });

  describe.each([2, 4, 8])('quantizeDorefa, %i bits', bits => {
    const top = 2 ** bits - 1;
    const max = w.reduce((m, x) => Math.max(m, Math.abs(Math.tanh(x))), 0);

    it('has the values of equation 9 and reaches both ends of [-1, 1]', () => {
      const { wHat } = run(w => quantizeDorefa(w, bits), w, g);
      const scale = Math.fround(1 / top);
      expect([...wHat]).toEqual(
        [...w].map(x => Math.fround((2 * Math.round((Math.tanh(x) / (2 * max) + 0.5) * top) - top) * scale)),
      );
      expect(Math.max(...wHat.map(Math.abs))).toBe(Math.fround(top * scale));
    });

    it('has the derivative of the range that is rounded, by finite differences', () => {
      const { gradients } = run(w => quantizeDorefa(w, bits), w, g);
      const h = 2 ** -12;
      w.forEach((x, i) => {
        const difference = (Math.tanh(x + h) - Math.tanh(x - h)) / (2 * h * max);
        // |tanh'''| <= 2, so the central difference is off by at most h^2 / 3, over max; and a float32 rounding.
        const bound = Math.abs(g[i]) * (h ** 2 / max + 2 ** -23 / max);
        expect(Math.abs(gradients[0][i] - g[i] * difference)).toBeLessThanOrEqual(bound);
      });
    });

    it('is finite for weights that are all zero', () => {
      const { wHat, gradients } = run(w => quantizeDorefa(w, bits), new Float32Array(8), g.slice(0, 8));
      expect([...wHat, ...gradients[0]].every(Number.isFinite)).toBe(true);
    });
  });
});

describe('kbitQuantizer', () => {
  it.each([
    [{ bits: 2 }, 'one step'],
    [{ bits: 5, perChannel: true }, 'a step per channel'],
    [{ bits: 8, method: 'dorefa' }, 'DoReFa'],
    [{ bits: 3, method: 'dorefa' }, 'DoReFa'],
  ] as const)('stores what it computes, bit for bit: %o, %s', options => {
    const q = kbitQuantizer(options);
    const values = q.start(w, 8, { rule: 'std', factor: 3 });
    const wHat = tf.tidy(() => {
      const tensors = Object.entries(values).map(([name, v]) => [
        name,
        v.length === 1 ? tf.scalar(v[0]) : tf.tensor(v),
      ]);
      return q.quantize(tf.tensor2d(w, [6, 8]), Object.fromEntries(tensors)).dataSync() as Float32Array;
    });
    const rows = (x: Float32Array) => Float32Array.from(x, (_, i) => x[(i % 6) * 8 + Math.floor(i / 6)]);
    const stored = q.toWeightData(
      { latent: rows(w), quantized: rows(wHat), shape: [8, 6], values },
      'float32',
    );
    expect(stored).toMatchObject({ encoding: 'kbit', codes: { bits: options.bits } });
    expect(denseValues(stored)).toEqual(rows(wHat));
    expect(new Set(wHat).size).toBeGreaterThan(3);
  });

  it('starts the step at 2 mean|w| / sqrt(L / 2), and keeps it positive', () => {
    const q = kbitQuantizer({ bits: 2 });
    expect(q.start(Float32Array.of(1, -3), 2, { rule: 'std', factor: 3 })).toEqual({
      step: Float32Array.of(4 / Math.sqrt(1.5)),
    });
    expect(q.constrain({ step: Float32Array.of(-1) })).toEqual({ step: Float32Array.of(1e-6) });
    const within = { step: Float32Array.of(1) };
    expect(q.constrain(within)).toBe(within);
  });

  it.each([
    [{ bits: 1 }, '2 to 8 bits, not 1'],
    [{ bits: 9 }, '2 to 8 bits'],
    [{ bits: 2.5 }, '2 to 8 bits'],
    [{ method: 'dorefa', perChannel: true }, 'perChannel needs method lsq'],
    [{ method: 'pact' as 'lsq' }, 'method pact is unknown'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => kbitQuantizer(options)).toThrow(message);
  });
});
