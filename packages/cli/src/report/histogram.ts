/** What a weight stands as: a sign, a level, a value of its own, or nothing. */
export type WeightKind = 'binarized' | 'full precision' | 'quantized' | 'kept' | 'zero';

/** Weights of one kind in [from, to). */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly kind: WeightKind;
  readonly count: number;
}

export interface WeightHistogram {
  readonly bins: readonly Bin[];
  /** Where weights are binarized. */
  readonly bands: readonly (readonly [number, number])[];
  /** alpha and -alpha. */
  readonly lines: readonly number[];
  readonly range: readonly [number, number];
}

/** Bins over the whole range. */
const BINS = 60;

/**
 * Counts weights by value and kind.
 * @param alpha the layer's; several are per channel and not marked
 * @param delta half-width of the binarized interval, Infinity for plain binary; undefined where none is known
 */
export function histogramOf(
  weights: Float32Array,
  kindOf: (index: number) => WeightKind,
  alpha: ArrayLike<number> = [],
  delta?: number,
): WeightHistogram {
  let largest = 0;
  for (const w of weights) largest = Math.max(largest, Math.abs(w));
  const end = largest > 0 ? largest * 1.02 : 1;
  const width = (2 * end) / BINS;
  const counts = new Map<string, Bin>();
  for (let i = 0; i < weights.length; i++) {
    const bin = Math.min(BINS - 1, Math.floor((weights[i] + end) / width));
    const kind = kindOf(i);
    const key = `${bin} ${kind}`;
    const from = -end + bin * width;
    counts.set(key, { from, to: from + width, kind, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const bins = [...counts.values()].sort((a, b) => a.from - b.from || a.kind.localeCompare(b.kind));
  const marked = alpha.length === 1 && delta !== undefined;
  return {
    bins,
    bands: marked ? bandsOf(alpha[0], delta, end) : [],
    lines: marked && alpha[0] <= end ? [-alpha[0], alpha[0]] : [],
    range: [-end, end],
  };
}

/** | |w| - alpha | < delta as intervals of w, cut off at the ends of the picture. */
function bandsOf(alpha: number, delta: number, end: number): [number, number][] {
  const high = Math.min(alpha + delta, end);
  const low = alpha - delta;
  if (low >= end) return [];
  return low <= 0
    ? [[-high, high]]
    : [
        [-high, -low],
        [low, high],
      ];
}
