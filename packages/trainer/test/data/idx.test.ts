import { InputError } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { parseIdx } from '../../src/data/idx.js';

const header = (type: number, ...shape: number[]) => [
  0,
  0,
  type,
  shape.length,
  ...shape.flatMap(d => [d >>> 24, (d >>> 16) & 255, (d >>> 8) & 255, d & 255]),
];

describe('parseIdx', () => {
  it('reads shape and values, as a view at any offset', () => {
    const file = Uint8Array.from([9, 9, 9, ...header(8, 2, 3), 1, 2, 3, 4, 5, 6]).subarray(3);
    expect(parseIdx(file, 'x')).toEqual({ shape: [2, 3], values: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    expect(parseIdx(Uint8Array.from(header(8, 0)), 'x')).toEqual({ shape: [0], values: new Uint8Array() });
  });

  const hostile: [string, number[], RegExp][] = [
    ['empty', [], /0 bytes hold no header/],
    ['three bytes', [0, 0, 8], /3 bytes hold no header/],
    ['a wrong magic', [0, 1, 8, 1, 0, 0, 0, 0], /two zero bytes/],
    ['floats', header(0x0d, 1), /type code 13/],
    ['no axes', [0, 0, 8, 0], /no axes/],
    ['a cut header', header(8, 1, 2).slice(0, 11), /inside the header of 2 axes/],
    ['a cut body', [...header(8, 2, 2), 1, 2, 3], /shape \[2,2\] needs 4 bytes, it has 3/],
    ['bytes too many', [...header(8, 1), 1, 2], /needs 1 bytes, it has 2/],
    // 65536 * 65536 = 2^32 wraps to 0 in 32-bit arithmetic, which would accept an empty body.
    ['a product beyond 32 bits', header(8, 65536, 65536), /needs 4294967296 bytes, it has 0/],
    ['a product beyond doubles', header(8, ...Array(255).fill(2 ** 32 - 1)), /needs Infinity bytes/],
  ];
  it.each(hostile)('refuses %s', (_, bytes, message) => {
    const parse = () => parseIdx(Uint8Array.from(bytes), 'digits.idx');
    expect(parse).toThrow(InputError);
    expect(parse).toThrow(/^digits\.idx is not a valid IDX file/);
    expect(parse).toThrow(message);
  });
});
