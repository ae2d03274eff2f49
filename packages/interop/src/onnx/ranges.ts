import { INPUT, type InputDescription } from '@apb/core';
import type { Affine, FloatGraph, FloatNode } from '../floatGraph.js';

/** Smallest and largest value to expect; 0 lies between them, since padding has to be exact. */
export type Range = readonly [lo: number, hi: number];

/** Sums of many terms rarely leave this many standard deviations. */
const DEVIATIONS = 4;

/**
 * What every value of a network roughly spans, from its weights alone: good enough to choose 8-bit scales for timing,
 * not for accuracy.
 * @param known ranges that are not to be estimated
 */
export function estimateRanges(
  graph: FloatGraph,
  input: InputDescription,
  known: ReadonlyMap<string, Range>,
): Map<string, Range> {
  const ranges = new Map<string, Range>([[INPUT, known.get(INPUT) ?? inputRange(input)]]);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(name => ranges.get(name) as Range);
    ranges.set(node.name, known.get(node.name) ?? around(estimate(node, inputs)));
  }
  return ranges;
}

/** Of pixels between black and white. */
function inputRange({ mean, std }: InputDescription): Range {
  return around(mean.flatMap((m, c) => [-m / std[c], (1 - m) / std[c]]));
}

/** The span of some values and 0, never empty. */
function around(values: readonly number[]): Range {
  const [lo, hi] = [values.reduce((a, b) => Math.min(a, b), 0), values.reduce((a, b) => Math.max(a, b), 0)];
  return hi > lo ? [lo, hi] : [0, 1];
}

/** Values that a node's output lies between. */
function estimate(node: FloatNode, [[lo, hi], other]: readonly Range[]): readonly number[] {
  switch (node.op) {
    case 'conv2d':
    case 'dense':
      return productRange(node, Math.max(-lo, hi) / 2);
    case 'affine':
      return node.affine ? affineRange(node.affine, lo, hi) : [lo, hi];
    case 'relu':
      return [0, hi];
    case 'clamp':
      return [Math.max(lo, node.min), Math.min(hi, node.max)];
    case 'prelu':
      return [hi, ...node.slopes.map(slope => slope * lo)];
    case 'add':
      return [lo + other[0], hi + other[1]];
    case 'softmax':
      return [0, 1];
    default:
      return [lo, hi];
  }
}

/** Of a sum of independent terms. @param rms root mean square of the inputs */
function productRange(
  { weights, weightShape, affine }: Extract<FloatNode, { op: 'conv2d' | 'dense' }>,
  rms: number,
): number[] {
  const rows = weightShape[0];
  const k = weights.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    let squares = 0;
    for (let i = row * k; i < (row + 1) * k; i++) squares += weights[i] * weights[i];
    const spread = DEVIATIONS * rms * Math.sqrt(squares) * Math.abs(affine?.scale[row] ?? 1);
    const centre = affine?.shift[row] ?? 0;
    return [centre - spread, centre + spread];
  }).flat();
}

function affineRange({ scale, shift }: Affine, lo: number, hi: number): number[] {
  return Array.from(scale, (s, c) => [s * lo + shift[c], s * hi + shift[c]]).flat();
}
