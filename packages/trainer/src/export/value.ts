import { InputError, type Pads, type Pair, samePads } from '@apb/core';
import type { layers } from '@tensorflow/tfjs-layers';

/** A value of the graph under construction. */
export interface Value {
  /** Name of the node that makes it, or INPUT. */
  readonly name: string;
  /** Without the batch axis and without `pads`. */
  readonly shape: readonly number[];
  /** Zero padding that tf.layers applies as a layer of its own and that the next convolution takes over. */
  readonly pads?: Pads;
}

export const noPads: Pads = [0, 0, 0, 0];

/**
 * The four pads of a sliding window over a value: those of a zeroPadding2d layer before it plus 'same', which is
 * resolved for this input size.
 */
export function padsOf(x: Value, padding: string, window: Pair, strides: Pair, dilations: Pair): Pads {
  const [top, left, bottom, right] = x.pads ?? noPads;
  if (padding !== 'same') return [top, left, bottom, right];
  const vertical = samePads(x.shape[0] + top + bottom, window[0], strides[0], dilations[0]);
  const horizontal = samePads(x.shape[1] + left + right, window[1], strides[1], dilations[1]);
  return [top + vertical[0], left + horizontal[0], bottom + vertical[1], right + horizontal[1]];
}

/** @throws InputError when zero padding would have to be a layer of its own */
export function withoutPads(layer: layers.Layer, x: Value): Value {
  if (x.pads)
    throw new InputError(
      `layer ${layer.name} (${layer.getClassName()}): zero padding can only stand directly before a convolution or an average pool`,
    );
  return x;
}
