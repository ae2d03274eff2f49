import { type Model, memoryOf } from '@apb/core';
import type { ExplainedStep } from '@apb/runtime';

/** What weights take while a network runs, and what they would as float32. */
export interface WeightBytes {
  /** Prepared by the backend, all copies, of the compressed layers; null where it does not tell. */
  readonly weightBytes: number | null;
  /** The same as float32. */
  readonly floatWeightBytes: number;
  /** Prepared by the backend, of all layers. */
  readonly networkWeightBytes: number | null;
  /** All parameters as float32. */
  readonly floatNetworkBytes: number;
}

export function weightBytesOf(model: Model, steps: readonly ExplainedStep[]): WeightBytes {
  const { compressed, model: all } = memoryOf(model).totals;
  return {
    weightBytes: sumOf(steps.filter(({ product }) => /^[12]\//.test(product ?? ''))),
    floatWeightBytes: 4 * compressed.weights,
    networkWeightBytes: sumOf(steps.filter(({ product }) => product !== undefined)),
    floatNetworkBytes: 4 * all.weights,
  };
}

function sumOf(steps: readonly ExplainedStep[]): number | null {
  let sum = 0;
  for (const { weightBytes } of steps) {
    if (weightBytes === undefined) return null;
    sum += weightBytes;
  }
  return sum;
}

/** The product of most compressed layers, or of all layers where none is compressed. */
export function mainProduct(steps: readonly ExplainedStep[]): string {
  const counts = new Map<string, number>();
  for (const { product } of steps) if (product) counts.set(product, (counts.get(product) ?? 0) + 1);
  const ranked = [...counts].sort((a, b) => b[1] - a[1]).map(([product]) => product);
  return ranked.find(product => !product.startsWith('32/')) ?? ranked[0] ?? 'none';
}
