import { expect, test } from 'vitest';
import { fromFloat16Bits, roundHalfEven, roundToFloat16, toFloat16Bits } from '../src/index.js';

const scratch = new DataView(new ArrayBuffer(4));

/** The float32 `steps` representable values away from x in magnitude. */
function neighbour(x: number, steps: number): number {
  scratch.setFloat32(0, x);
  scratch.setUint32(0, scratch.getUint32(0) + steps);
  return scratch.getFloat32(0);
}

test('all 65536 patterns come back as they went, but NaN payloads', () => {
  for (let half = 0; half < 65536; half++) {
    const value = fromFloat16Bits(half);
    if (Number.isNaN(value)) expect((half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0).toBe(true);
    else if (toFloat16Bits(value) !== half) expect(toFloat16Bits(value)).toBe(half);
  }
});

test('known values', () => {
  const known: [number, number][] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x03ff, 1023 * 2 ** -24],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, Number.POSITIVE_INFINITY],
  ];
  for (const [half, value] of known) {
    expect(fromFloat16Bits(half)).toBe(value);
    expect(toFloat16Bits(value)).toBe(half);
  }
  expect(toFloat16Bits(Number.NaN)).toBe(0x7e00);
});

test('between any two neighbours: the nearer one, and of a tie the even one', () => {
  const wrong: number[] = [];
  for (const sign of [0, 0x8000])
    for (let half = sign; half < sign + 0x7bff; half++) {
      // Both have at most 11 significant bits, so the middle has 12 and float32 holds it.
      const middle = (fromFloat16Bits(half) + fromFloat16Bits(half + 1)) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      if (toFloat16Bits(middle) !== even) wrong.push(middle);
      if (toFloat16Bits(neighbour(middle, 1)) !== half + 1) wrong.push(neighbour(middle, 1));
      if (toFloat16Bits(neighbour(middle, -1)) !== half) wrong.push(neighbour(middle, -1));
    }
  expect(wrong).toEqual([]);
});

test('overflow starts half a step above 65504', () => {
  expect(roundToFloat16(neighbour(65520, -1))).toBe(65504);
  expect(roundToFloat16(65520)).toBe(Number.POSITIVE_INFINITY);
  expect(roundToFloat16(-65520)).toBe(Number.NEGATIVE_INFINITY);
  expect(roundToFloat16(1e-45)).toBe(0);
  expect(roundToFloat16(-1e-45)).toBe(-0);
});

test('roundHalfEven', () => {
  const cases = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 0.49999999999999994, 2 ** 50 + 0.5, 7, -7];
  expect(cases.map(x => roundHalfEven(x) + 0)).toEqual([-2, -2, 0, 0, 2, 2, 4, 0, 2 ** 50, 7, -7]);
});
