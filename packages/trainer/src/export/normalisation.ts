import { InputError } from '@apb/core';
import type { layers } from '@tensorflow/tfjs-layers';
import { type GraphWriter, weightValues } from './graphWriter.js';
import type { Value } from './value.js';

/**
 * Our BatchNorm and tf.layers' batchNormalization, with or without scale and centre; stored plain, never folded.
 * @throws InputError unless it normalises over the last axis
 */
export function batchNorm(layer: layers.Layer, x: Value, writer: GraphWriter): string {
  const config = layer.getConfig();
  const axis = (config.axis ?? -1) as number;
  // tf.layers counts the batch as axis 0.
  if (axis !== -1 && axis !== x.shape.length)
    throw new InputError(
      `layer ${layer.name}: batch norm over axis ${axis} cannot be exported; use the last axis`,
    );
  const channels = x.shape[x.shape.length - 1];
  const vector = (own: string, absent = 0) =>
    writer.float(layer, own, weightValues(layer, own) ?? new Float32Array(channels).fill(absent));
  return writer.node(layer, [x.name], {
    op: 'batchNorm',
    gamma: vector('gamma', 1),
    beta: vector('beta'),
    mean: vector('moving_mean'),
    variance: vector('moving_variance'),
    epsilon: config.epsilon as number,
  });
}
