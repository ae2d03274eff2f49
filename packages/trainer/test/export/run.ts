import { createReferenceBackend, type InputDescription, type Model, tensor } from '@apb/core';
import { createSession } from '@apb/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { exportModel } from '../../src/index.js';

/** The input description of a model that takes numbers as they come. */
export function plainInput(shape: readonly number[]): InputDescription {
  const channels = Array.from({ length: shape[shape.length - 1] }, () => 0);
  return { shape, mean: channels, std: channels.map(() => 1), resize: { rule: 'exact' } };
}

export function exported(model: LayersModel): Model {
  const shape = model.inputs[0].shape.slice(1) as number[];
  return exportModel(model, { input: plainInput(shape), classes: [], provenance: {} });
}

/** Output of the exported model on the reference backend, and of the tf.layers model. */
export async function bothOutputs(model: LayersModel, x: Float32Array) {
  const result = exported(model);
  const { inputShape } = result.graph;
  const size = inputShape.reduce((a, b) => a * b, 1);
  const shape = [x.length / size, ...inputShape];
  const reference = { name: 'reference', load: async () => createReferenceBackend };
  const session = await createSession(result, { candidates: [reference], env: {} });
  try {
    const ours = await session.run(tensor(shape, x));
    const theirs = tf.tidy(() => {
      const y = model.predict(tf.tensor(x, shape)) as tf.Tensor;
      return { shape: y.shape, data: y.dataSync() as Float32Array };
    });
    return { ours, theirs, model: result };
  } finally {
    session.dispose();
  }
}
