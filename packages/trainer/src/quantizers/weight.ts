import type { ValueType, WeightData } from '@apb/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type ApbOptions, apbQuantizer } from './apb.js';
import { type BinaryOptions, binaryQuantizer } from './binary.js';

/** Learned numbers of a weight quantizer as plain float32 values. */
export interface WeightScales {
  /** alpha: one for the layer, or one per output channel; each > 0. */
  readonly alpha: Float32Array;
  /** Half-width of the binarized interval, > 0; Infinity where every weight is binarized. */
  readonly delta: number;
}

/**
 * What a quantizer starts delta from. `std`: factor * standard deviation of w. `percentile`: that percentile of
 * | |w| - alpha |, so about `100 - percent` % of the weights begin in full precision.
 */
export type DeltaRule =
  | { readonly rule: 'std'; readonly factor: number }
  | { readonly rule: 'percentile'; readonly percent: number };

/** The paper's start, 3 standard deviations (Nardini et al., arXiv 2306.08960). */
export const defaultDeltaRule: DeltaRule = { rule: 'std', factor: 3 };

/**
 * A weight quantizer: forward, pseudo-gradient and its way into a model file, one file each. Latent weights w
 * have the output channel as their last axis, as tf.layers keeps them.
 */
export interface WeightQuantizer {
  readonly config: WeightQuantizerConfig;
  /** Whether delta is a parameter; otherwise it is Infinity. */
  readonly learnsDelta: boolean;
  /** W_hat, differentiable with respect to every argument. alpha has shape [] or [out], delta []. */
  quantize(w: Tensor, alpha: Tensor, delta?: Tensor): Tensor;
  /** Start values from row-major [n / out, out] weights, already within bounds. */
  start(w: Float32Array, outChannels: number, rule: DeltaRule): WeightScales;
  /** The nearest scales within bounds. */
  constrain(scales: WeightScales): WeightScales;
  /** The stored form of w, row-major with the output channel first, of core's shape [out, ...]. */
  toWeightData(
    w: Float32Array,
    shape: readonly number[],
    scales: WeightScales,
    valueType: ValueType,
  ): WeightData;
}

/** Plain data, kept in a layer's config. */
export type WeightQuantizerConfig =
  | ({ readonly kind: 'apb' } & ApbOptions)
  | ({ readonly kind: 'binary' } & BinaryOptions);

export function weightQuantizer(config: WeightQuantizerConfig): WeightQuantizer {
  return config.kind === 'apb' ? apbQuantizer(config) : binaryQuantizer(config);
}
