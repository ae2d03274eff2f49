import { describe, expect, test } from 'vitest';
import {
  type ActivationBits,
  dequantizeValue,
  encodingOf,
  quantizeValue,
  uniformQuantizer,
} from '../src/index.js';
import { random } from './models.js';

const f = Math.fround;
const widths: ActivationBits[] = [1, 2, 4, 8];

describe.each(widths)('%i bits', bits => {
  const top = 2 ** bits - 1;

  test('on [0, L] step and inv are 1: halves go to the even code, all else to the nearest', () => {
    const q = uniformQuantizer(bits, 0, top);
    expect(q).toEqual({ kind: 'code', bits, lo: 0, hi: top, inv: 1, base: 0, step: 1 });
    for (let code = 0; code < top; code++) {
      const half = code + 0.5;
      expect(quantizeValue(half, q)).toBe(code % 2 === 0 ? code : code + 1);
      // The float32 neighbours of a number below 2^8 are at least 2^-24 * half away.
      expect(quantizeValue(f(half * (1 - 2 ** -23)), q)).toBe(code);
      expect(quantizeValue(f(half * (1 + 2 ** -23)), q)).toBe(code + 1);
      expect(dequantizeValue(code, encodingOf(q))).toBe(code);
    }
  });

  test('clips', () => {
    const q = uniformQuantizer(bits, f(-0.3), f(0.7));
    for (const x of [-3e38, -1, f(-0.3)]) expect(quantizeValue(x, q)).toBe(0);
    for (const x of [f(0.7), 1, 3e38]) expect(quantizeValue(x, q)).toBe(top);
  });

  test('whatever the rounding of inv, lo and hi are the lowest and highest codes', () => {
    const next = random(bits);
    for (let i = 0; i < 20_000; i++) {
      const lo = f((next() - 0.5) * 10 ** Math.floor(next() * 9 - 4));
      const hi = f(lo + next() * 10 ** Math.floor(next() * 9 - 4));
      if (!(f(hi - lo) > 0)) continue;
      const q = uniformQuantizer(bits, lo, hi);
      if (quantizeValue(lo, q) !== 0 || quantizeValue(hi, q) !== top) throw new Error(`[${lo}, ${hi}]`);
    }
  });

  test('the codes’ own values quantize to themselves', () => {
    const next = random(100 + bits);
    for (let i = 0; i < 500; i++) {
      const q = uniformQuantizer(bits, f(next() - 1), f(next() + 0.01));
      for (let code = 0; code <= top; code++)
        expect(quantizeValue(dequantizeValue(code, encodingOf(q)), q)).toBe(code);
    }
  });
});

test('sign: negative is bit 1, both zeros are +1', () => {
  const q = { kind: 'sign', scale: 0.25 } as const;
  expect([1, 0, -0, 1e-45, -1e-45, -1].map(x => quantizeValue(x, q))).toEqual([0, 0, 0, 0, 1, 1]);
  expect([0, 1].map(bit => dequantizeValue(bit, encodingOf(q)))).toEqual([0.25, -0.25]);
});

test('a code is worth fl(base + fl(step * q))', () => {
  const e = { kind: 'code', bits: 2, base: f(0.1), step: f(0.3) } as const;
  for (let q = 0; q < 4; q++) expect(dequantizeValue(q, e)).toBe(f(f(0.1) + f(f(0.3) * q)));
});

test('an interval that is empty or not finite is refused', () => {
  for (const [lo, hi] of [
    [1, 1],
    [1, 0],
    [0, Number.NaN],
    [0, Number.POSITIVE_INFINITY],
    [-3e38, 3e38],
    [1, 1 + 2 ** -30],
  ])
    expect(() => uniformQuantizer(2, lo, hi)).toThrow('interval');
});
