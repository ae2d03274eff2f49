import { roundHalfEven } from './round.js';

/**
 * IEEE 754 binary16 <-> binary32, round to nearest even. Full-precision weights may be stored in
 * 16 bits; they are rounded before parity is measured.
 */

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** float32 -> the 16 bits of the nearest binary16; beyond 65504 + half a step becomes infinity. */
export function toFloat16Bits(value: number): number {
  floats[0] = value;
  const x = bits[0];
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to infinity
  if (magnitude < 0x38800000) {
    // Subnormal in binary16 (below 2^-14): a multiple of 2^-24, rounded by float64 arithmetic.
    return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
  }
  // Drop 13 mantissa bits with round half to even, then rebias the exponent from 127 to 15.
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded >>> 13) - ((127 - 15) << 10));
}

/** The 16 bits of a binary16 -> its exact float32 value. */
export function fromFloat16Bits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** The nearest value that 16 bits can hold. */
export function roundToFloat16(value: number): number {
  return fromFloat16Bits(toFloat16Bits(value));
}
