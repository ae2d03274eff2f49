import { type Model, packSigns, type WeightData } from '@apb/core';
import type { Fit } from './fit.js';
import type { Layer } from './layers.js';
import type { Scaling } from './mask.js';

/** A fit as a model keeps it. */
export interface Stored {
  readonly weights: WeightData & { readonly encoding: 'apb' };
  /** [rows] What outputs are to be multiplied by, as rows were brought to one scale; by 1 else. */
  readonly factors: Float64Array;
}

/** Rounds a fit to float32; with `norm` all rows get the mean alpha. */
export function store({ shape, rows, k }: Layer, { alpha, full, values }: Fit, scaling: Scaling): Stored {
  const mean = alpha.reduce((a, b) => a + b, 0) / rows;
  const factors = scaling === 'norm' ? alpha.map(a => a / mean) : new Float64Array(rows).fill(1);
  const dense = Float32Array.from(values, (v, i) => v / factors[Math.floor(i / k)]);
  const positions = Uint32Array.from(full.keys()).filter(i => full[i] === 1);
  const scales =
    scaling === 'channel' ? Float32Array.from(alpha) : Float32Array.of(scaling === 'norm' ? mean : alpha[0]);
  return {
    weights: {
      encoding: 'apb',
      shape,
      weights: {
        signs: packSigns(dense, rows, k),
        scales,
        positions,
        values: Float32Array.from(positions, i => dense[i]),
      },
      valueType: 'float32',
    },
    factors,
  };
}

/** The model with some parameters replaced or added. */
export function withWeights(model: Model, changed: Readonly<Record<string, WeightData>>): Model {
  return { ...model, weights: { ...model.weights, ...changed } };
}

/** A vector over channels. */
export function vector(values: ArrayLike<number>): WeightData {
  return { encoding: 'float', shape: [values.length], values: Float32Array.from(values) };
}
