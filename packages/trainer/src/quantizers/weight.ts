import { InputError, type ValueType, type WeightData } from '@apb/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type ApbOptions, apbQuantizer } from './apb.js';
import { type BinaryOptions, binaryQuantizer } from './binary.js';
import { type KbitOptions, kbitQuantizer } from './kbit.js';
import { type PruneOptions, pruneQuantizer } from './prune.js';
import { type PruneKbitOptions, pruneKbitQuantizer } from './pruneKbit.js';
import { type TernaryOptions, ternaryQuantizer } from './ternary.js';

/** Numbers that a weight quantizer keeps in its layer, as a weight of the layer. */
export interface QuantizerParameter {
  /** The weight's name. */
  readonly name: string;
  /** Its shape: [], [out] or the kernel's. */
  readonly per: 'layer' | 'channel' | 'weight';
  /** `scale` and `width` (of an interval) are stepped by optimizers of their own; `state` by none. */
  readonly role: 'scale' | 'width' | 'state';
  /** Frozen parameters and state are kept in checkpoints like all others, but not trained. */
  readonly trainable: boolean;
}

/** Values of a quantizer's parameters by name, row-major float32. */
export type QuantizerValues = Readonly<Record<string, Float32Array>>;

/**
 * What a quantizer starts delta from. `std`: factor * standard deviation of w. `percentile`: that percentile of
 * | |w| - alpha |, so about `100 - percent` % of the weights begin in full precision.
 */
export type DeltaRule =
  | { readonly rule: 'std'; readonly factor: number }
  | { readonly rule: 'percentile'; readonly percent: number };

/** The paper's start, 3 standard deviations (Nardini et al., arXiv 2306.08960). */
export const defaultDeltaRule: DeltaRule = { rule: 'std', factor: 3 };

/** A layer's weights on their way into a file, row-major with the output channel first, of core's shape [out, ...]. */
export interface StoredRows {
  readonly shape: readonly number[];
  /** Latent weights. */
  readonly latent: Float32Array;
  /** What `quantize` made of them, bit for bit: what is stored agrees with training whatever the engine computes. */
  readonly quantized: Float32Array;
  readonly values: QuantizerValues;
}

/**
 * A weight quantizer: forward, pseudo-gradient and its way into a model file, one file each. Latent weights w
 * have the output channel as their last axis, as tf.layers keeps them.
 */
export interface WeightQuantizer {
  readonly config: WeightQuantizerConfig;
  readonly parameters: readonly QuantizerParameter[];
  /** W_hat, differentiable with respect to w and every trainable parameter. */
  quantize(w: Tensor, parameters: Readonly<Record<string, Tensor>>): Tensor;
  /** Start values from row-major [n / out, out] weights, already within bounds. */
  start(w: Float32Array, outChannels: number, rule: DeltaRule): QuantizerValues;
  /** The nearest values within bounds; the given object itself where it is within. */
  constrain(values: QuantizerValues): QuantizerValues;
  /** @param valueType how full-precision weights are rounded */
  toWeightData(rows: StoredRows, valueType: ValueType): WeightData;
  /** Values whose mask leaves out the share `sparsity` of w; only quantizers that prune have it. */
  prune?(w: Float32Array, values: QuantizerValues, sparsity: number): QuantizerValues;
}

/** Plain data, kept in a layer's config. */
export type WeightQuantizerConfig =
  | ({ readonly kind: 'apb' } & ApbOptions)
  | ({ readonly kind: 'binary' } & BinaryOptions)
  | ({ readonly kind: 'ternary' } & TernaryOptions)
  | ({ readonly kind: 'kbit' } & KbitOptions)
  | ({ readonly kind: 'prune' } & PruneOptions)
  | ({ readonly kind: 'prune-kbit' } & PruneKbitOptions);

/** @throws InputError for an unknown kind or option */
export function weightQuantizer(config: WeightQuantizerConfig): WeightQuantizer {
  switch (config.kind) {
    case 'apb':
      return apbQuantizer(config);
    case 'binary':
      return binaryQuantizer(config);
    case 'ternary':
      return ternaryQuantizer(config);
    case 'kbit':
      return kbitQuantizer(config);
    case 'prune':
      return pruneQuantizer(config);
    case 'prune-kbit':
      return pruneKbitQuantizer(config);
    default:
      throw new InputError(
        `weight quantizer ${String((config as { kind?: unknown }).kind)} is unknown; use apb, binary, ternary, kbit, prune or prune-kbit`,
      );
  }
}
