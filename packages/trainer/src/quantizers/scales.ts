import { InputError, isBinarized } from '@apb/core';
import type { DeltaRule, QuantizerValues } from './weight.js';

/** mean |w| over the layer (one value) or over each output channel (the last axis), summed in float64. */
export function meanMagnitude(w: Float32Array, outChannels: number, perChannel: boolean): Float32Array {
  const alpha = new Float64Array(perChannel ? outChannels : 1);
  for (let i = 0; i < w.length; i++) alpha[i % alpha.length] += Math.abs(w[i]);
  const count = w.length / alpha.length;
  return Float32Array.from(alpha, sum => sum / count);
}

/**
 * Start value of delta by a rule; alpha repeats over the last axis of w.
 * @throws InputError when the rule's number is out of range
 */
export function startDelta(w: Float32Array, alpha: Float32Array, rule: DeltaRule): number {
  if (rule.rule === 'std') {
    if (!(rule.factor > 0)) throw new InputError(`delta rule std needs a factor > 0, got ${rule.factor}`);
    return Math.fround(rule.factor * standardDeviation(w));
  }
  if (!(rule.percent > 0 && rule.percent <= 100))
    throw new InputError(`delta rule percentile needs a percent in (0, 100], got ${rule.percent}`);
  const distances = w.map((x, i) => Math.abs(Math.abs(x) - alpha[i % alpha.length])).sort();
  return distances[Math.min(distances.length - 1, Math.floor((rule.percent / 100) * distances.length))];
}

/** The float32 nearest to w that the APB predicate puts on the wanted side of the interval; w's sign stays. */
export function nearestOnSide(w: number, alpha: number, delta: number, binarized: boolean): number {
  if (isBinarized(w, alpha, delta) === binarized) return w;
  const below = Math.abs(w) < alpha && delta < alpha;
  const sign = w < 0 ? -1 : 1;
  // Rounding may put the edge itself on either side: a few steps, of an ulp of the edge or two, end that.
  const step = (below === binarized ? 1 : -1) * (alpha + delta) * 2 ** -23;
  let moved = Math.fround(below ? alpha - delta : alpha + delta);
  while (isBinarized(moved, alpha, delta) !== binarized) moved = Math.fround(moved + step);
  return sign * moved;
}

/** Scales as a file keeps them, from quantized rows [out, k]: the largest |w_hat|, 1 where every weight is 0. */
export function scalesOfRows(quantized: Float32Array, rows: number, perChannel: boolean): Float32Array {
  const scales = new Float32Array(perChannel ? rows : 1);
  const count = quantized.length / scales.length;
  quantized.forEach((x, i) => {
    const c = Math.floor(i / count);
    scales[c] = Math.max(scales[c], Math.abs(x));
  });
  return scales.map(scale => scale || 1);
}

/** Whether any value differs. */
export function changed(before: QuantizerValues, after: QuantizerValues): boolean {
  return Object.entries(after).some(([name, values]) => values.some((x, i) => x !== before[name][i]));
}

function standardDeviation(w: Float32Array): number {
  let sum = 0;
  for (const x of w) sum += x;
  const mean = sum / w.length;
  let squares = 0;
  for (const x of w) squares += (x - mean) ** 2;
  return Math.sqrt(squares / w.length);
}
