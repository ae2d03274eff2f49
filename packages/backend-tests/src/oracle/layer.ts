import type { KernelWeights } from '@apb/core';
import { pack } from './bits.js';
import { f } from './float.js';

/** Integer weights before any packing or decomposition, row-major [rows, k]. */
export interface IntLayer {
  readonly bits: 1 | 2;
  readonly rows: number;
  readonly k: number;
  /** -1 and +1, or 2p - 3 for 2-bit weights. */
  readonly integers: Int8Array;
  /** One for the layer or one per row. */
  readonly scales: Float32Array;
  /** 1 where the weight is in full precision, then `values` holds it. */
  readonly full: Uint8Array;
  readonly values: Float32Array;
}

/** Float32 weights, row-major [rows, k]. */
export interface FloatLayer {
  readonly bits: 32;
  readonly rows: number;
  readonly k: number;
  readonly values: Float32Array;
}

export type Layer = IntLayer | FloatLayer;

export function scaleAt(layer: IntLayer, row: number): number {
  return layer.scales[layer.scales.length === 1 ? 0 : row];
}

/** Full-precision value minus what the integer part contributes there, rounded once. */
export function residualAt(layer: IntLayer, at: number): number {
  return f(layer.values[at] - layer.integers[at] * scaleAt(layer, Math.floor(at / layer.k)));
}

/** W_hat: the weights the layer stands for, in float64 without rounding. */
export function dense(layer: Layer): Float64Array {
  if (layer.bits === 32) return Float64Array.from(layer.values);
  return Float64Array.from(layer.integers, (s, at) =>
    layer.full[at] ? layer.values[at] : s * scaleAt(layer, Math.floor(at / layer.k)),
  );
}

/** Sizes of the terms into which a kernel may split each weight: |scale * s| + |r|. */
export function magnitudes(layer: Layer): Float64Array {
  if (layer.bits === 32) return Float64Array.from(layer.values, Math.abs);
  return Float64Array.from(layer.integers, (s, at) => {
    const binary = Math.abs(s) * scaleAt(layer, Math.floor(at / layer.k));
    return binary + (layer.full[at] ? Math.abs(residualAt(layer, at)) : 0);
  });
}

/** The layer as a backend takes it. */
export function kernelWeights(layer: Layer): KernelWeights {
  const { rows, k } = layer;
  if (layer.bits === 32) return { kind: 'float', rows, k, values: layer.values };
  const { integers, scales, full, values } = layer;
  if (layer.bits === 2) {
    const codes = pack(
      'code',
      2,
      rows,
      k,
      integers.map(s => (s + 3) / 2),
    );
    return { kind: 'twoBit', codes, scales };
  }
  const positions = Uint32Array.from([...full.keys()].filter(at => full[at]));
  return {
    kind: 'apb',
    signs: pack(
      'sign',
      1,
      rows,
      k,
      integers.map(s => (s < 0 ? 1 : 0)),
    ),
    scales,
    positions,
    values: Float32Array.from(positions, at => values[at]),
  };
}
