import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { LayersModel, type layers, metrics } from '@tensorflow/tfjs-layers';
import { activationOf } from './rectified.js';

/** Loss of a batch: labels and the model's outputs in their order -> a mean. */
export type LossFunction = (ys: readonly tf.Tensor[], outputs: readonly tf.Tensor[]) => tf.Tensor;

const named = {
  categoricalCrossentropy: (y, p) => metrics.categoricalCrossentropy(oneHot(y, p), p),
  /** Cross-entropy of logits: for a model that does not end in a softmax. */
  softmaxCrossentropy: (y, z) => tf.neg(tf.sum(tf.mul(oneHot(y, z), tf.logSoftmax(z)), -1)),
  binaryCrossentropy: (y, p) => metrics.binaryCrossentropy(tf.cast(y, 'float32'), p),
  meanSquaredError: (y, p) => metrics.meanSquaredError(y, p),
  meanAbsoluteError: (y, p) => metrics.meanAbsoluteError(y, p),
} satisfies Record<string, (y: tf.Tensor, output: tf.Tensor) => tf.Tensor>;

/** Losses by name; labels may be one-hot rows or class indices. */
export type LossName = keyof typeof named;

/** A loss that can be stepped along. */
export interface Loss {
  readonly mean: LossFunction;
  /** Whether labels and the only output are classes [N] or [N, classes]. */
  readonly classifies: boolean;
}

/**
 * The loss to fine-tune by: the given one, else the one that the model was compiled with, else what fits the last
 * activation: cross-entropy for a softmax, binary cross-entropy for a sigmoid, cross-entropy of logits otherwise.
 * @throws InputError for an unknown name, or for several outputs without a function
 */
export function lossOf(model: LayersModel, given?: LossName | LossFunction): Loss {
  if (typeof given === 'function') return { mean: given, classifies: false };
  if (model.outputs.length > 1)
    throw new InputError(
      `the model has ${model.outputs.length} outputs; give loss as a function of all labels and outputs`,
    );
  const name = given ?? compiledLoss(model) ?? lossFor(activationOf(lastLayer(model)));
  if (typeof name === 'function')
    return {
      mean: ([y], [output]) => tf.mean((name as (y: tf.Tensor, p: tf.Tensor) => tf.Tensor)(y, output)),
      classifies: false,
    };
  if (typeof name !== 'string' || !Object.hasOwn(named, name))
    throw new InputError(
      `loss ${String(name)} is unknown; use ${Object.keys(named).join(', ')} or a function`,
    );
  const classifies = /^(categorical|softmax)/.test(name) && model.outputs[0].shape.length === 2;
  return { mean: ([y], [output]) => tf.mean(named[name as LossName](y, output)), classifies };
}

function lastLayer(model: LayersModel): layers.Layer {
  const { sourceLayer: layer, tensorIndex } = model.outputs[0];
  if (!(layer instanceof LayersModel)) return layer;
  return lastLayer({ outputs: [layer.outputs[tensorIndex]] } as LayersModel);
}

function lossFor(activation: string): LossName {
  if (activation === 'softmax') return 'categoricalCrossentropy';
  return activation === 'sigmoid' ? 'binaryCrossentropy' : 'softmaxCrossentropy';
}

function compiledLoss(model: LayersModel): unknown {
  const { loss } = model as { loss?: unknown };
  const only = Array.isArray(loss) && loss.length === 1 ? loss[0] : loss;
  return only === 'sparseCategoricalCrossentropy' ? 'categoricalCrossentropy' : only;
}

/** Rows of one-hot labels as they are; class indices [N] or [N, 1] become such rows. */
function oneHot(y: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const classes = output.shape[output.shape.length - 1];
  if (y.size === output.size) return tf.cast(y, 'float32');
  const indices = tf.cast(tf.reshape(y, output.shape.slice(0, -1)), 'int32');
  return tf.cast(tf.oneHot(indices, classes), 'float32');
}

/** How many rows of outputs [N, classes] are largest at their label. */
export function hits(y: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const [batch] = output.shape;
  const best = y.size === batch ? tf.cast(tf.reshape(y, [batch]), 'int32') : tf.argMax(y, 1);
  return tf.sum(tf.cast(tf.equal(tf.argMax(output, 1), best), 'float32'));
}
