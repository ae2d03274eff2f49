import { dequantizeValue, encodingOf, quantizeValue } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type ActivationOptions, activationFunction, activationOptions } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { normal, step as places } from './numbers.js';

/** Slopes of a in the learned number, for x above, below and inside; v = t * L, in float64. */
type Slope = (side: 'above' | 'below' | 'inside', q: number, v: number, levels: number) => number;

interface Case {
  readonly options: Omit<ActivationOptions, 'bits'>;
  /** Start of the interval. */
  readonly hi: number;
  /** Of the learned number, none where nothing is learned. */
  readonly slope?: Slope;
  readonly parameter?: string;
}

const cases: Record<string, Case> = {
  pact: {
    options: { quantizer: 'pact' },
    hi: 1.3,
    parameter: 'hi',
    slope: side => (side === 'above' ? 1 : 0),
  },
  dorefa: { options: { quantizer: 'dorefa' }, hi: 1 },
  lsq: {
    options: { quantizer: 'lsq' },
    hi: 1.3,
    parameter: 'step',
    slope: (side, q, v, levels) => (side === 'above' ? levels : side === 'below' ? 0 : q - v),
  },
  'lsq, symmetric': {
    options: { quantizer: 'lsq', lsq: { symmetric: true } },
    hi: 1.3,
    parameter: 'step',
    slope: (side, q, v, levels) => (side === 'above' ? levels / 2 : side === 'below' ? -levels / 2 : q - v),
  },
  'uniform, symmetric': {
    options: { quantizer: 'uniform', uniform: { backward: 'ste', symmetric: true } },
    hi: 1.3,
    parameter: 'hi',
    slope: (side, q, v, levels) => (side === 'above' ? 1 : side === 'below' ? -1 : (2 * (q - v)) / levels),
  },
};

const tensorsOf = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, v]) => [name, tf.scalar(v)]));

await onEachEngine(() => {
  describe.each(
    Object.keys(cases).flatMap(name => [2, 4, 8].map(bits => [name, bits as 2 | 4 | 8] as const)),
  )('%s, %i bits', (name, bits) => {
    const { options, hi, slope, parameter } = cases[name];
    const f = activationFunction({ bits, ...options });
    const values = f.fromBounds({ lo: 0, hi });
    const bounds = f.toBounds(values);
    const q = f.toQuantizer(bounds);
    const levels = 2 ** bits - 1;
    const width = bounds.hi - bounds.lo;

    it('has the codes and values of core at every threshold, at the ends and beyond', () => {
      const thresholds = Array.from({ length: levels }, (_, c) => bounds.lo + ((c + 0.5) * width) / levels);
      const x = [...thresholds, bounds.hi, ...(bounds.lo ? [bounds.lo] : [])]
        .flatMap(v =>
          Math.abs(v) < 1e-6
            ? [v]
            : [-2, -1, 0, 1, 2].map(s => Math.sign(v) * places(Math.fround(Math.abs(v)), s)),
        )
        .concat([0, -0, -1e30, 1e30, ...normal(200, bits)])
        .map(Math.fround);
      const actual = tf.tidy(() => f.quantize(tf.tensor2d(x, [1, x.length]), tensorsOf(values)).dataSync());
      expect([...actual]).toEqual(x.map(v => dequantizeValue(quantizeValue(v, q), encodingOf(q))));
    });

    it('has the closed-form gradients', () => {
      const [x, g] = [normal(60, 1), normal(60, 2)];
      const names = Object.keys(values);
      const [dx, ...d] = tf.tidy(() => {
        const loss = (...[x, ...own]: tf.Tensor[]) =>
          tf.sum(
            tf.mul(
              f.quantize(x, Object.fromEntries(names.map((n, i) => [n, own[i]]))),
              tf.tensor2d(g, [4, 15]),
            ),
          ) as tf.Scalar;
        return tf
          .grads(loss)([tf.tensor2d(x, [4, 15]), ...Object.values(tensorsOf(values))])
          .map(t => t.dataSync());
      });
      let [sum, clipped] = [0, 0];
      x.forEach((v, i) => {
        const side = v > bounds.hi ? 'above' : v < bounds.lo ? 'below' : 'inside';
        if (side !== 'inside') clipped++;
        expect(dx[i] + 0).toBe(side === 'inside' ? g[i] : 0);
        const scaled = ((v - bounds.lo) / width) * levels;
        sum += g[i] * (slope?.(side, Math.round(scaled), scaled, levels) ?? 0);
      });
      expect(clipped).toBeGreaterThan(5);
      expect(names).toEqual(parameter ? [parameter] : []);
      if (!parameter) return;
      // Scaled by 1 / sqrt(levels * 15 features per example). In units of hi terms are below |g| <= 4, each of the
      // two bounds' sums off by at most (60 + 8) roundings of 60 of them; a step is `levels` times finer.
      const scale = 1 / Math.sqrt(levels * 15);
      const bound = 2 * (60 + 8) * 2 ** -24 * 60 * 4 * (parameter === 'step' ? levels : 1);
      expect(Math.abs(d[0][0] - scale * sum)).toBeLessThan(scale * bound);
      expect(Math.abs(sum)).toBeGreaterThan(0.01);
    });
  });
});

describe.each(Object.keys(cases))('%s', name => {
  const f = activationFunction({ bits: 4, ...cases[name].options });

  it('keeps values within bounds as they are, and opens an empty interval', () => {
    const values = f.fromBounds({ lo: 0, hi: 1.3 });
    expect(f.constrain(values)).toEqual(values);
    const empty = Object.fromEntries(Object.keys(values).map(key => [key, -1]));
    const { lo, hi } = f.toBounds(f.constrain(empty));
    expect(hi).toBeGreaterThan(lo);
  });

  it('calibrates to an interval of small error', () => {
    const sample = normal(500, 3).map(name.endsWith('symmetric') ? x => x : Math.abs);
    const present = f.toBounds(f.fromBounds({ lo: 0, hi: 1 }));
    const q = f.toQuantizer(f.calibrate(sample, present));
    const error = sample.reduce(
      (s, x) => s + (x - dequantizeValue(quantizeValue(x, q), encodingOf(q))) ** 2,
      0,
    );
    // 16 levels of a normal variable: the best uniform quantizer's error is 0.0115 of its variance (Max 1960),
    // both signs in one; a fixed range of [0, 1] clips a third of the values.
    expect(error / 500).toBeLessThan(name === 'dorefa' ? 0.3 : 0.02);
  });
});

describe('activationOptions', () => {
  it('puts a backward pass where it belongs', () => {
    expect(activationOptions(1, 'lsq', 'identity')).toEqual({ bits: 1, sign: { backward: 'identity' } });
    expect(activationOptions(2, undefined, 'ste')).toMatchObject({ uniform: { backward: 'ste' } });
    expect(activationOptions(2, 'pact')).toEqual({ bits: 2, quantizer: 'pact' });
    expect(() => activationOptions(2, 'pact', 'ewgs')).toThrow(
      'backward ewgs is unknown for the activation quantizer pact',
    );
    expect(() => activationFunction(activationOptions(2, 'uniform', 'approx'))).toThrow('use ewgs or ste');
    expect(() => activationFunction({ bits: 2, quantizer: 'log' as 'lsq' })).toThrow(
      'use uniform, pact, dorefa, lsq',
    );
  });
});
