import { roundHalfEven } from '../tensor/round.js';

const f = Math.fround;

/**
 * How planes stand for real activations (METHOD: arXiv 2306.08960 and uniform quantizers).
 * sign: `a = scale * (bit ? -1 : 1)`. code: `a = fl(base + fl(step * q))`.
 */
export type Encoding =
  | { readonly kind: 'sign'; readonly bits: 1; readonly scale: number }
  | { readonly kind: 'code'; readonly bits: ActivationBits; readonly base: number; readonly step: number };

export type ActivationBits = 1 | 2 | 4 | 8;

/**
 * Float activations -> planes, bit for bit the same everywhere; all numbers are float32 values.
 * sign: bit = x < 0. code: `q = roundHalfEven(fl(fl(clip(x, lo, hi) - lo) * inv))`,
 * `inv = fl(L / fl(hi - lo))`, L = 2^bits - 1; q stands for `base + step * q`.
 */
export type Quantizer =
  | { readonly kind: 'sign'; readonly scale: number }
  | {
      readonly kind: 'code';
      readonly bits: ActivationBits;
      readonly lo: number;
      readonly hi: number;
      readonly inv: number;
      readonly base: number;
      readonly step: number;
    };

/**
 * Uniform quantizer of `bits` bits on [lo, hi], its values evenly spaced from lo to hi.
 * @throws RangeError when the interval is empty or not finite
 */
export function uniformQuantizer(bits: ActivationBits, lo: number, hi: number): Quantizer {
  const levels = 2 ** bits - 1;
  const width = f(f(hi) - f(lo));
  if (!(width > 0) || !Number.isFinite(width))
    throw new RangeError(`quantizer interval [${lo}, ${hi}] is empty or not finite`);
  return {
    kind: 'code',
    bits,
    lo: f(lo),
    hi: f(hi),
    inv: f(levels / width),
    base: f(lo),
    step: f(width / levels),
  };
}

/** What the planes written by a quantizer stand for. */
export function encodingOf(q: Quantizer): Encoding {
  return q.kind === 'sign'
    ? { kind: 'sign', bits: 1, scale: q.scale }
    : { kind: 'code', bits: q.bits, base: q.base, step: q.step };
}

/** The code of one value: 1 where negative for sign, 0..2^bits-1 for code. */
export function quantizeValue(x: number, q: Quantizer): number {
  if (q.kind === 'sign') return x < 0 ? 1 : 0;
  const clipped = Math.min(Math.max(x, q.lo), q.hi);
  // The product can exceed L by an ulp of inv's rounding; half-even rounding still lands on L at most.
  return roundHalfEven(f(f(clipped - q.lo) * q.inv));
}

/** The float32 value a code stands for. */
export function dequantizeValue(code: number, e: Encoding): number {
  if (e.kind === 'sign') return code ? -e.scale : e.scale;
  return f(e.base + f(e.step * code));
}
