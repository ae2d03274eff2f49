import type { Shape } from '@apb/core';
import type { FloatLayer, IntLayer } from '../oracle/layer.js';
import type { Random } from '../random.js';
import type { Problem } from '../scenario.js';
import { type LayerOptions, randomLayer } from './layers.js';
import { KnownProduct, type ProductInput } from './product.js';

/**
 * Float input whose products have no rounding at all: inputs are multiples of 1/4 up to 4, weights multiples of
 * 1/8 up to 2, alpha is 1/2. All partial sums, of the dense and of the decomposed form, are multiples of 1/32
 * below k * 8; they fit 24 bits for k < 65536. So equality is asked for, and one lost tap shows.
 */
export function exactFloatInput(random: Random, shape: Shape): { shape: Shape; data: Float32Array } {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length: size }, () => (random.below(33) - 16) / 4) };
}

export function exactFloatLayer(random: Random, bits: 1 | 32, options: LayerOptions): IntLayer | FloatLayer {
  const { rows, k } = options;
  const eighths = () => (random.below(33) - 16) / 8;
  if (bits === 32) return { bits, rows, k, values: Float32Array.from({ length: rows * k }, eighths) };
  const layer = randomLayer(random, bits, options);
  return {
    ...layer,
    scales: new Float32Array(layer.scales.length).fill(0.5),
    // The size is random, the sign that of the sign plane.
    values: Float32Array.from(
      layer.full,
      (chosen, at) => (chosen ? layer.integers[at] * (1 + random.below(16)) : 0) / 8,
    ),
  };
}

/** Without an epilogue, then with a residual and a relu: one rounding, the same everywhere. */
export function exactFloatProblems(random: Random, input: Omit<ProductInput, 'exactFloats'>): Problem[] {
  const known = new KnownProduct({ ...input, exactFloats: true });
  const channels = known.channels;
  const epilogue = { scale: new Float32Array(channels).fill(1), shift: new Float32Array(channels) };
  const residual = random.normals(known.outShape.reduce((a, b) => a * b, 1));
  return [
    known.problem('plain', { ...epilogue, activation: { kind: 'none' } }),
    known.problem('residual, relu', { ...epilogue, activation: { kind: 'relu' } }, residual),
  ];
}
