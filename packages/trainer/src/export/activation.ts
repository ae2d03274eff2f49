import { InputError } from '@apb/core';
import type { layers } from '@tensorflow/tfjs-layers';
import { type GraphWriter, type NodeBody, weightTensor } from './graphWriter.js';

const bodies: Readonly<Record<string, NodeBody>> = {
  relu: { op: 'relu' },
  relu6: { op: 'clamp', min: 0, max: 6 },
  softmax: { op: 'softmax' },
};

/**
 * The activation that a layer applies to the value it has just made; `part` names the node after it.
 * @throws InputError for one that has no operator
 */
export function activationNode(
  layer: layers.Layer,
  input: string,
  activation: string,
  writer: GraphWriter,
  part: string | undefined = activation,
): string {
  if (activation === 'linear') return input;
  if (!Object.hasOwn(bodies, activation))
    throw new InputError(
      `layer ${layer.name}: activation ${activation} cannot be exported; use linear, ${Object.keys(bodies).join(', ')}`,
    );
  return writer.node(layer, [input], bodies[activation], part);
}

/** tf.layers' reLU, plain or clipped at maxValue. */
export function relu(layer: layers.Layer, input: string, writer: GraphWriter): string {
  const max = layer.getConfig().maxValue as number | null | undefined;
  return writer.node(layer, [input], max == null ? { op: 'relu' } : { op: 'clamp', min: 0, max });
}

/** @throws InputError unless there is one slope per channel (sharedAxes over all other axes) */
export function prelu(layer: layers.Layer, input: string, writer: GraphWriter): string {
  const slopes = weightTensor(layer, 'alpha')!;
  if (slopes.size !== slopes.shape[slopes.rank - 1])
    throw new InputError(`layer ${layer.name}: PReLU needs one slope per channel; set sharedAxes to [1, 2]`);
  return writer.node(layer, [input], {
    op: 'prelu',
    slopes: writer.float(layer, 'slopes', slopes.dataSync() as Float32Array),
  });
}

/** @throws InputError for any axis but the last */
export function softmax(layer: layers.Layer, input: string, rank: number, writer: GraphWriter): string {
  const axis = layer.getConfig().axis as number;
  if (axis !== -1 && axis !== rank)
    throw new InputError(
      `layer ${layer.name}: softmax over axis ${axis} cannot be exported; use the last axis`,
    );
  return writer.node(layer, [input], { op: 'softmax' });
}
