import type { Planes, Quantizer } from '@apb/core';
import { unpack } from './oracle/bits.js';
import { reachable } from './oracle/codes.js';
import type { Bounded } from './oracle/product.js';
import type { Value } from './values.js';

/** What a failing check throws; the suite adds the case and the seed. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

export function expectThat(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Mismatch(message);
}

/** The first index where two arrays differ, or -1. */
function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

export function expectIntegers(got: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const at = firstDifference(got, expected);
  if (at >= 0) throw new Mismatch(`${what}: index ${at} is ${got[at]}, expected ${expected[at]}`);
}

/** Equality of the float32 bits, so that +0 and -0 differ. */
export function expectSameBits(got: Float32Array, expected: Float32Array, what: string): void {
  const at = firstDifference(bitsOf(got), bitsOf(expected));
  if (at >= 0)
    throw new Mismatch(`${what}: index ${at} is ${show(got[at])}, expected exactly ${show(expected[at])}`);
}

export function expectSamePlanes(got: Planes, expected: Planes, what: string): void {
  for (const field of ['kind', 'bits', 'rows', 'k'] as const)
    expectThat(
      got[field] === expected[field],
      `${what}: ${field} is ${got[field]}, expected ${expected[field]}`,
    );
  const word = firstDifference(got.words, expected.words);
  if (word < 0) return;
  const codes = unpack(got);
  const at = firstDifference(codes, unpack(expected));
  const place = `row ${Math.floor(at / got.k)}, column ${at % got.k}`;
  throw new Mismatch(
    at < 0
      ? `${what}: padding bits are set in word ${word} (0x${got.words[word]?.toString(16)})`
      : `${what}: the code at ${place} is ${codes[at]}, expected ${unpack(expected)[at]}`,
  );
}

export function expectSame(got: Value, expected: Value, what: string): void {
  expectThat(
    `${got.shape}` === `${expected.shape}`,
    `${what}: shape [${got.shape}], expected [${expected.shape}]`,
  );
  if (got.kind === 'float' && expected.kind === 'float') expectSameBits(got.data, expected.data, what);
  else if (got.kind === 'planes' && expected.kind === 'planes')
    expectSamePlanes(got.planes, expected.planes, what);
  else throw new Mismatch(`${what}: ${got.kind}, expected ${expected.kind}`);
}

/** Every float within its error of the real result; every code one that such a float may get. */
export function expectWithin(
  got: Value,
  { values, errors }: Bounded,
  what: string,
  quantizer?: Quantizer,
): void {
  const results = got.kind === 'float' ? got.data : unpack(got.planes);
  expectThat(
    results.length === values.length,
    `${what}: ${results.length} values, expected ${values.length}`,
  );
  for (let i = 0; i < results.length; i++) {
    const [low, high] = quantizer
      ? reachable(values[i], errors[i], quantizer)
      : [values[i] - errors[i], values[i] + errors[i]];
    if (!(results[i] >= low && results[i] <= high))
      throw new Mismatch(
        `${what}: index ${i} is ${show(results[i])}, the float64 result allows ${low} .. ${high}`,
      );
  }
}

/** The action must throw, a RangeError if asked, with a message that holds `mention`. */
export function expectThrow(action: () => unknown, what: string, { range = false, mention = '' } = {}): void {
  let error: unknown;
  try {
    action();
  } catch (thrown) {
    error = thrown;
  }
  checkError(error, what, range, mention);
}

export async function expectReject(
  action: () => Promise<unknown>,
  what: string,
  { range = false, mention = '' } = {},
): Promise<void> {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  checkError(error, what, range, mention);
}

function checkError(error: unknown, what: string, range: boolean, mention: string): void {
  expectThat(error instanceof Error, `${what} must throw an Error`);
  expectThat(!range || error instanceof RangeError, `${what} must throw a RangeError, got ${error}`);
  expectThat(error.message.includes(mention), `${what} must name "${mention}", got: ${error.message}`);
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function show(x: number | undefined): string {
  return Object.is(x, -0) ? '-0' : String(x);
}
