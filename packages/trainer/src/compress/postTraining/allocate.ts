import { InputError, paperBits } from '@apb/core';

/** What full-precision weights are worth to a layer. */
export interface Curve {
  /** n */
  readonly weights: number;
  /** Scales that are stored. */
  readonly scales: number;
  /** Cost of a number of full-precision weights, from 0 to n of them, ascending; any unit that layers share. */
  readonly points: readonly { readonly count: number; readonly cost: number }[];
}

/** Stretch of a curve's lower convex hull. */
interface Segment {
  readonly layer: number;
  readonly count: number;
  /** Fall of the cost for each bit. */
  readonly gain: number;
}

/**
 * Shares a budget among layers: full-precision weights go where a bit lowers the cost most, which for convex curves is
 * the minimum of the total (the Lagrangian condition: all layers end at one price a bit). Curves are replaced by their
 * lower convex hulls. The bits are the paper's, `n + s * (32 + ceil(log2 n))` (Nardini et al., arXiv 2306.08960).
 * @returns s of each layer; the bits are at most `bitsPerWeight` times all weights, and short of that by less than one
 *   weight takes
 * @throws InputError when signs and scales alone take more
 */
export function allocate(curves: readonly Curve[], bitsPerWeight: number): number[] {
  const sum = (of: (curve: Curve) => number) => curves.reduce((total, curve) => total + of(curve), 0);
  const weights = sum(c => c.weights);
  const least = sum(c => paperBits(c.weights, 0, c.scales));
  let left = bitsPerWeight * weights - least;
  if (left < 0)
    throw new InputError(
      `${bitsPerWeight} bits a weight are fewer than the ${(least / weights).toFixed(3)} that signs and scales take; give more`,
    );
  const counts = curves.map(() => 0);
  const closed = new Set<number>();
  const segments = curves.flatMap(hull).sort((a, b) => b.gain - a.gain);
  for (const { layer, count } of segments) {
    if (closed.has(layer)) continue;
    const bits = bitsOfOne(curves[layer]);
    const taken = Math.min(count, Math.floor(left / bits));
    counts[layer] += taken;
    left -= taken * bits;
    // What comes behind on the same curve presumes all of this.
    if (taken < count) closed.add(layer);
  }
  return counts;
}

function bitsOfOne({ weights }: Curve): number {
  return paperBits(weights, 1) - paperBits(weights, 0);
}

/** Segments of the lower convex hull from the first point to the last, of falling gain. */
function hull(curve: Curve, layer: number): Segment[] {
  const { points } = curve;
  const bits = bitsOfOne(curve);
  const segments: Segment[] = [];
  let at = 0;
  while (at < points.length - 1) {
    const gain = (to: number) =>
      (points[at].cost - points[to].cost) / (bits * (points[to].count - points[at].count));
    let best = at + 1;
    for (let to = at + 2; to < points.length; to++) if (gain(to) > gain(best)) best = to;
    segments.push({ layer, count: points[best].count - points[at].count, gain: gain(best) });
    at = best;
  }
  return segments;
}
