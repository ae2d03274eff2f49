import type { Activation, Epilogue } from '@apb/core';
import { f, TINY, UNIT } from './float.js';
import type { Bounded } from './product.js';

/** fl(fl(x * scale) + shift), + residual, activation: bit for bit, before any quantizer. Channels are the last axis. */
export function exactEpilogue(product: Float32Array, e: Epilogue, residual?: Float32Array): Float32Array {
  const channels = e.scale.length;
  return product.map((p, at) => {
    const c = at % channels;
    let y = f(f(p * e.scale[c]) + e.shift[c]);
    if (residual) y = f(y + residual[at]);
    return activated(y, e.activation, c);
  });
}

/** An activation of a float32 value, bit for bit. */
export function activated(x: number, a: Activation, channel: number): number {
  switch (a.kind) {
    case 'none':
      return x;
    case 'relu':
      return larger(x, 0);
    case 'clamp':
      return smaller(larger(x, f(a.min)), f(a.max));
    case 'prelu':
      return x < 0 ? f(a.slopes[channel] * x) : x;
  }
}

/**
 * The epilogue in float64 with a running error bound: an operation whose real result is v and whose operands
 * are off by e (after the operation) is off by at most e + UNIT * (|v| + e) + TINY.
 */
export function trueEpilogue(product: Bounded, e: Epilogue, residual?: Float32Array): Bounded {
  const channels = e.scale.length;
  const values = product.values.slice();
  const errors = product.errors.slice();
  for (let at = 0; at < values.length; at++) {
    const c = at % channels;
    let value = values[at] * e.scale[c];
    let error = rounded(value, errors[at] * Math.abs(e.scale[c]));
    value += e.shift[c];
    error = rounded(value, error);
    if (residual) error = rounded((value += residual[at]), error);
    [values[at], errors[at]] = trueActivation(value, error, e.activation, c);
  }
  return { values, errors };
}

/** All activations but prelu are selections that move no two numbers apart; prelu stretches by its slope and rounds once. */
function trueActivation(
  value: number,
  error: number,
  a: Activation,
  c: number,
): [value: number, error: number] {
  if (a.kind === 'none') return [value, error];
  if (a.kind === 'relu') return [Math.max(value, 0), error];
  if (a.kind === 'clamp') return [Math.min(Math.max(value, f(a.min)), f(a.max)), error];
  const y = value < 0 ? a.slopes[c] * value : value;
  return [y, rounded(y, error * Math.max(1, Math.abs(a.slopes[c])))];
}

function rounded(value: number, error: number): number {
  return error + UNIT * (Math.abs(value) + error) + TINY;
}

// Comparisons, not Math.max and Math.min, which tell -0 from +0: of two equal numbers the bound is taken.

function larger(x: number, bound: number): number {
  if (x > bound) return x;
  return bound;
}

function smaller(x: number, bound: number): number {
  if (x < bound) return x;
  return bound;
}
