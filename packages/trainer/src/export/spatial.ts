import { InputError, type Pair } from '@apb/core';
import type { layers } from '@tensorflow/tfjs-layers';
import type { ShortcutA } from '../layers/shortcutA.js';
import type { GraphWriter } from './graphWriter.js';
import { noPads, padsOf, type Value, withoutPads } from './value.js';

interface PoolConfig {
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: string;
}

/** Padding of a max pool is never the largest value; core leaves it out too. */
export function maxPool(layer: layers.Layer, x: Value, writer: GraphWriter): string {
  const { poolSize: window, strides, padding } = layer.getConfig() as unknown as PoolConfig;
  const pads = padsOf(withoutPads(layer, x), padding, window, strides, [1, 1]);
  return writer.node(layer, [x.name], { op: 'maxPool', window, strides, pads });
}

/**
 * The mean leaves out the pixels that 'same' adds, but counts those of a zeroPadding2d layer before it.
 * @throws InputError when both kinds meet
 */
export function avgPool(layer: layers.Layer, x: Value, writer: GraphWriter): string {
  const { poolSize: window, strides, padding } = layer.getConfig() as unknown as PoolConfig;
  if (x.pads && padding === 'same')
    throw new InputError(
      `layer ${layer.name}: an average pool cannot have both zero padding before it and padding "same"`,
    );
  const pads = padsOf(x, padding, window, strides, [1, 1]);
  return writer.node(layer, [x.name], {
    op: 'avgPool',
    window,
    strides,
    pads,
    countPadding: x.pads !== undefined,
  });
}

/** Defers the zeros to the layer that follows. */
export function zeroPadding(layer: layers.Layer, x: Value): Value {
  const [[top, bottom], [left, right]] = layer.getConfig().padding as unknown as Pair[];
  const before = x.pads ?? noPads;
  return { ...x, pads: [before[0] + top, before[1] + left, before[2] + bottom, before[3] + right] };
}

export function shortcutA(layer: ShortcutA, x: Value, writer: GraphWriter): string {
  const { strides } = layer;
  const channels = layer.channelPads(x.shape[2]);
  let name = x.name;
  if (strides > 1)
    name = writer.node(layer, [name], { op: 'subsample', strides: [strides, strides] }, 'subsample');
  if (channels.before + channels.after > 0)
    name = writer.node(layer, [name], { op: 'padChannels', ...channels });
  return name;
}

/** A sum of any number of values, pair by pair from the left as tf.layers adds them. */
export function add(layer: layers.Layer, inputs: readonly Value[], writer: GraphWriter): string {
  let sum = inputs[0].name;
  inputs.slice(1).forEach((x, i) => {
    const last = i === inputs.length - 2;
    sum = writer.node(layer, [sum, x.name], { op: 'add' }, last ? undefined : `sum${i + 1}`);
  });
  return sum;
}
