import { describe, expect, test } from 'vitest';
import {
  packCodes,
  packSigns,
  planesToStream,
  popcount32,
  streamBytes,
  streamToPlanes,
  unpack,
  validatePlanes,
  wordsPerRow,
} from '../src/index.js';
import { random, randomFloats } from './models.js';

const tails = Array.from({ length: 71 }, (_, k) => k);
const next = random(1);

describe('signs', () => {
  test('bit 1 means negative: both zeros are +1, the smallest subnormal below zero is -1', () => {
    const { words } = packSigns(Float32Array.of(0, -0, 1e-45, -1e-45, -1, 1, -3e38), 1, 7);
    expect([...words]).toEqual([0b1011000]);
  });

  test.each(tails)('rows of %i: each bit in its place, padding zero', k => {
    const rows = 3;
    for (const values of [
      randomFloats(rows * k, next),
      new Float32Array(rows * k).fill(-1),
      new Float32Array(rows * k),
    ]) {
      const planes = packSigns(values, rows, k);
      expect(planes).toMatchObject({ kind: 'sign', bits: 1, rows, k });
      expect(planes.words.length).toBe(rows * Math.ceil(k / 32));
      const perRow = Math.ceil(k / 32);
      for (let r = 0; r < rows; r++)
        for (let i = 0; i < perRow * 32; i++) {
          const bit = (planes.words[r * perRow + Math.floor(i / 32)] >>> (i % 32)) & 1;
          expect(bit).toBe(i < k && values[r * k + i] < 0 ? 1 : 0);
        }
      expect(unpack(planes)).toEqual(Int16Array.from(values, x => (x < 0 ? -1 : 1)));
      expect(() => validatePlanes(planes)).not.toThrow();
    }
  });
});

describe.each([1, 2, 3, 4, 8])('codes of %i bits', bits => {
  test.each(tails)('rows of %i: plane p holds bit p', k => {
    const rows = 2;
    const top = 2 ** bits - 1;
    for (const codes of [
      Uint8Array.from({ length: rows * k }, () => Math.floor(next() * (top + 1))),
      new Uint8Array(rows * k).fill(top),
    ]) {
      const planes = packCodes(codes, bits, rows, k);
      const perRow = wordsPerRow(k);
      expect(planes.words.length).toBe(bits * rows * perRow);
      for (let p = 0; p < bits; p++)
        for (let r = 0; r < rows; r++)
          for (let i = 0; i < perRow * 32; i++) {
            const word = planes.words[(p * rows + r) * perRow + Math.floor(i / 32)];
            expect((word >>> (i % 32)) & 1).toBe(i < k ? (codes[r * k + i] >>> p) & 1 : 0);
          }
      expect([...unpack(planes)]).toEqual([...codes]);
    }
  });

  test('a code that does not fit is refused', () => {
    if (bits < 8) expect(() => packCodes(Uint8Array.of(0, 2 ** bits), bits, 1, 2)).toThrow('row 0, column 1');
  });
});

describe.each([1, 2, 3, 4, 8])('streams of %i-bit fields', bits => {
  test.each(tails)('%i fields a row: contiguous, least significant bit first', k => {
    const rows = 3;
    const codes = Uint8Array.from({ length: rows * k }, () => Math.floor(next() * 2 ** bits));
    // The whole stream as one integer: field i is worth 2^(bits * i).
    const whole = codes.reduceRight((sum, q) => (sum << BigInt(bits)) | BigInt(q), 0n);
    const planes = packCodes(codes, bits, rows, k);
    const stream = planesToStream(planes);
    expect(stream.length).toBe(streamBytes(rows * k, bits));
    expect([...stream].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)).toBe(whole);
    expect(streamToPlanes(stream, 'code', bits, rows, k)).toEqual(planes);
  });
});

test('a stream of the wrong length or with a tail bit set is refused', () => {
  expect(() => streamToPlanes(Uint8Array.of(0), 'sign', 1, 3, 3)).toThrow('2 bytes, got 1');
  expect(() => streamToPlanes(Uint8Array.of(0, 0, 0), 'sign', 1, 3, 3)).toThrow('2 bytes, got 3');
  for (let bit = 1; bit < 8; bit++)
    expect(() => streamToPlanes(Uint8Array.of(0, 1 << bit), 'sign', 1, 3, 3)).toThrow('tail bits');
  expect(() => streamToPlanes(Uint8Array.of(0, 1), 'sign', 1, 3, 3)).not.toThrow();
});

test('planes from outside are checked', () => {
  const good = packSigns(new Float32Array(66).fill(-1), 2, 33);
  expect(() => validatePlanes({ ...good, words: good.words.slice(1) })).toThrow('need 4 words, got 3');
  expect(() => validatePlanes({ ...good, bits: 2 })).toThrow('2 bits');
  expect(() => validatePlanes({ ...good, kind: 'code', bits: 9 })).toThrow('9 bits');
  expect(() => validatePlanes({ ...good, kind: 'plain' as 'code' })).toThrow('plain');
  for (let bit = 1; bit < 32; bit++) {
    const words = good.words.slice();
    words[3] |= 1 << bit;
    expect(() => validatePlanes({ ...good, words })).toThrow('row 1');
  }
});

test('values that do not fill [rows, k] are refused', () => {
  expect(() => packSigns(new Float32Array(5), 2, 3)).toThrow('needs 6 values, got 5');
  expect(() => packCodes(new Uint8Array(7), 2, 2, 3)).toThrow('needs 6 values, got 7');
});

test('popcount32 counts every single bit, none and all', () => {
  for (let bit = 0; bit < 32; bit++) expect(popcount32(1 << bit)).toBe(1);
  expect(popcount32(0)).toBe(0);
  expect(popcount32(-1)).toBe(32);
  expect(popcount32(0xffffffff)).toBe(32);
  for (let i = 0; i < 1000; i++) {
    const x = Math.floor(next() * 2 ** 32);
    expect(popcount32(x)).toBe(x.toString(2).replaceAll('0', '').length);
  }
});
