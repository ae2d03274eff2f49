import type { Encoding, Planes, Quantizer, Shape } from '@apb/core';
import { pack } from './bits.js';
import { f, nearestEven, UNIT } from './float.js';

/** Quantized activations, unpacked: one code per element; for signs 1 stands for -1. */
export interface Codes {
  readonly shape: Shape;
  readonly encoding: Encoding;
  readonly codes: Uint8Array;
}

/** The integer that enters the product: -1 or +1 for signs, q for codes. */
export function integerOf(code: number, encoding: Encoding): number {
  return encoding.kind === 'sign' ? 1 - 2 * code : code;
}

/** The real number a code stands for, without rounding. */
export function realOf(code: number, encoding: Encoding): number {
  return encoding.kind === 'sign'
    ? encoding.scale * integerOf(code, encoding)
    : encoding.base + encoding.step * code;
}

/** The sum of the sizes of the terms that realOf adds: what rounding errors are relative to. */
export function magnitudeOf(code: number, encoding: Encoding): number {
  return encoding.kind === 'sign'
    ? Math.abs(encoding.scale)
    : Math.abs(encoding.base) + Math.abs(encoding.step * code);
}

/** The float32 value of a code in the contract's order: fl(base + fl(step * q)). */
export function dequantized(code: number, encoding: Encoding): number {
  if (encoding.kind === 'sign') return code === 1 ? -encoding.scale : encoding.scale;
  return f(encoding.base + f(encoding.step * code));
}

/** The code of a float32 value in the contract's order. */
export function quantized(x: number, quantizer: Quantizer): number {
  if (quantizer.kind === 'sign') return x < 0 ? 1 : 0;
  return nearestEven(f(f(clipped(x, quantizer) - quantizer.lo) * quantizer.inv));
}

/**
 * The codes that a value computed with an error of at most `error` may get, lowest and highest. The quantizer's
 * own two roundings move the real (x - lo) * inv, which is at most 2^bits, by at most 2 * UNIT of its size.
 */
export function reachable(x: number, error: number, quantizer: Quantizer): [lowest: number, highest: number] {
  if (quantizer.kind === 'sign') return [x - error >= 0 ? 0 : x + error < 0 ? 1 : 0, x - error < 0 ? 1 : 0];
  const { lo, inv, bits } = quantizer;
  const slack = 2.01 * UNIT * 2 ** bits;
  const at = (y: number) => (clipped(y, quantizer) - lo) * inv;
  // Not half-even: a value within the slack of a tie may go either way.
  return [
    Math.max(0, Math.ceil(at(x - error) - slack - 0.5)),
    Math.min(2 ** bits - 1, Math.floor(at(x + error) + slack + 0.5)),
  ];
}

function clipped(x: number, { lo, hi }: Extract<Quantizer, { kind: 'code' }>): number {
  return x < lo ? lo : x > hi ? hi : x;
}

/** Codes in the canonical layout: one row per pixel, k the last axis. */
export function packed({ shape, encoding, codes }: Codes): Planes {
  const k = shape[shape.length - 1];
  return pack(encoding.kind, encoding.bits, codes.length / k, k, codes);
}

/** What a quantizer's planes stand for. */
export function encodingFor(q: Quantizer): Encoding {
  if (q.kind === 'sign') return { kind: 'sign', bits: 1, scale: q.scale };
  return { kind: 'code', bits: q.bits, base: q.base, step: q.step };
}
