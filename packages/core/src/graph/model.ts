import { type ApbWeights, recompose, scaleOf } from '../apb/decompose.js';
import { type Planes, unpack } from '../bits/planes.js';
import type { Shape } from '../tensor/shape.js';
import { sizeOf } from '../tensor/shape.js';
import type { Graph } from './graph.js';

export type ValueType = 'float32' | 'float16';

/** A parameter tensor as it is stored; the first axis is the output channel, planes are [shape[0], rest]. */
export type WeightData =
  | { readonly encoding: 'float'; readonly shape: Shape; readonly values: Float32Array }
  /** `valueType` float16 promises that every full-precision value was already rounded to it. */
  | {
      readonly encoding: 'apb';
      readonly shape: Shape;
      readonly weights: ApbWeights;
      readonly valueType: ValueType;
    }
  | {
      readonly encoding: 'binary';
      readonly shape: Shape;
      readonly signs: Planes;
      readonly scales: Float32Array;
    }
  /** `scale * sign` where `nonzero` (1-bit code planes) is 1, else 0; signs are 0 there. */
  | {
      readonly encoding: 'ternary';
      readonly shape: Shape;
      readonly nonzero: Planes;
      readonly signs: Planes;
      readonly scales: Float32Array;
    }
  /** `scale * (2q - (2^bits - 1))`, bits 1 to 8. */
  | {
      readonly encoding: 'kbit';
      readonly shape: Shape;
      readonly codes: Planes;
      readonly scales: Float32Array;
    }
  /** Zero but at ascending flat `positions`. */
  | {
      readonly encoding: 'sparse';
      readonly shape: Shape;
      readonly positions: Uint32Array;
      readonly values: Float32Array;
      readonly valueType: ValueType;
    }
  /** Zero but at ascending flat `positions`; there `scale * (2q - (2^bits - 1))`, codes [1, positions], bits 1 to 8. */
  | {
      readonly encoding: 'sparseKbit';
      readonly shape: Shape;
      readonly positions: Uint32Array;
      readonly codes: Planes;
      readonly scales: Float32Array;
    };

/** How a picture becomes the network's input: (pixel / 255 - mean[c]) / std[c]. */
export interface InputDescription {
  /** Height, width, channels. */
  readonly shape: Shape;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** exact: the size must match; stretch: resized to it; crop: shorter side resized to `size`, centre cut out. */
  readonly resize: { readonly rule: 'exact' | 'stretch' } | { readonly rule: 'crop'; readonly size: number };
}

/** A trained network in memory, exactly what a model file holds. */
export interface Model {
  readonly graph: Graph;
  readonly weights: Readonly<Record<string, WeightData>>;
  readonly input: InputDescription;
  readonly classes: readonly string[];
  /** Where it comes from: recipe, data set, seed, date ... free text by key. */
  readonly provenance: Readonly<Record<string, string>>;
}

/** The dense float32 values a parameter stands for, row-major in its shape. */
export function denseValues(w: WeightData): Float32Array {
  switch (w.encoding) {
    case 'float':
      return w.values;
    case 'apb':
      return recompose(w.weights);
    case 'binary':
      return scaled(unpack(w.signs), w.scales);
    case 'ternary': {
      const nonzero = unpack(w.nonzero);
      return scaled(
        unpack(w.signs).map((s, i) => s * nonzero[i]),
        w.scales,
      );
    }
    case 'kbit': {
      const top = 2 ** w.codes.bits - 1;
      return scaled(
        unpack(w.codes).map(q => 2 * q - top),
        w.scales,
      );
    }
    case 'sparse': {
      const dense = new Float32Array(sizeOf(w.shape));
      w.positions.forEach((at, i) => {
        dense[at] = w.values[i];
      });
      return dense;
    }
    case 'sparseKbit': {
      const dense = new Float32Array(sizeOf(w.shape));
      const k = dense.length / w.shape[0];
      const top = 2 ** w.codes.bits - 1;
      unpack(w.codes).forEach((q, i) => {
        const at = w.positions[i];
        dense[at] = (2 * q - top) * scaleOf(w.scales, Math.floor(at / k));
      });
      return dense;
    }
  }
}

function scaled(units: Int16Array, scales: Float32Array): Float32Array {
  const k = units.length / scales.length;
  return Float32Array.from(units, (u, i) => u * scaleOf(scales, Math.floor(i / k)));
}
