import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, type Model, readModel } from '@apb/core';
import { toTfjs } from '@apb/interop';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Dataset } from '../data/dataset.js';

/** A network whose answers another one learns. */
export interface Teacher {
  /** Of pictures [N, H, W, C] normalised as the data set's: [N, classes]. In a tidy. */
  logits(images: tf.Tensor): tf.Tensor2D;
  /** Of what was made for it; a caller's own model stays. */
  dispose(): void;
}

type Pictures = Pick<Dataset, 'name' | 'shape' | 'classes' | 'mean' | 'std'>;

/** @throws InputError when the model does not take the data set's pictures or tells other classes apart */
export function layersTeacher(model: LayersModel, dataset: Pictures): Teacher {
  const [input, output] = [model.inputs[0].shape.slice(1), model.outputs[0].shape.slice(1)];
  checkFits('the teacher', input, output, dataset);
  const last = model.outputs[0].sourceLayer.getConfig().activation;
  const name = model.outputs[0].sourceLayer.getClassName();
  const toLogits = last === 'softmax' || name === 'Softmax' ? logOf : (z: tf.Tensor) => z;
  return {
    logits: x => toLogits(model.apply(x, { training: false }) as tf.Tensor) as tf.Tensor2D,
    dispose: () => {},
  };
}

/**
 * The model of a file, or of a finished run's directory, on the engine that trains: its weights in float32, its
 * quantizers as its file says.
 * @throws InputError when there is no such model, or it does not fit the data set
 */
export async function fileTeacher(path: string, dataset: Pictures): Promise<Teacher> {
  const model = await readModel(await readTeacher(path));
  const { shape, mean, std } = model.input;
  const graph = await graphModel(model);
  try {
    const output = tf.tidy(() => (graph.predict(tf.zeros([1, ...shape])) as tf.Tensor).shape.slice(1));
    checkFits(path, shape, output, dataset);
  } catch (error) {
    graph.dispose();
    throw error;
  }
  // (p - mean) / std of the data set becomes that of the teacher: x * scale + shift for each channel.
  const scale = dataset.std.map((s, c) => s / std[c]);
  const shift = dataset.mean.map((m, c) => (m - mean[c]) / std[c]);
  const same = scale.every(s => s === 1) && shift.every(s => s === 0);
  const own = (x: tf.Tensor) => (same ? x : tf.add(tf.mul(x, tf.tensor1d(scale)), tf.tensor1d(shift)));
  const last = model.graph.nodes.find(node => node.name === model.graph.output);
  const toLogits = last?.op === 'softmax' ? logOf : (z: tf.Tensor) => z;
  return {
    logits: x => toLogits(graph.predict(own(x)) as tf.Tensor) as tf.Tensor2D,
    dispose: () => graph.dispose(),
  };
}

async function readTeacher(path: string): Promise<Uint8Array> {
  const folder = await stat(path).then(
    found => found.isDirectory(),
    () => false,
  );
  try {
    return await readFile(folder ? join(path, 'model.safetensors') : path);
  } catch {
    throw new InputError(
      folder
        ? `${path} holds no finished run, whose model could teach; resume it first, or give a model file`
        : `the teacher ${path} cannot be read; give a model file or the directory of a finished run`,
    );
  }
}

async function graphModel(model: Model): Promise<GraphModel> {
  const files = toTfjs(model);
  const { modelTopology, weightsManifest, ...rest } = JSON.parse(
    new TextDecoder().decode(files.get('model.json')),
  );
  const [{ paths, weights: weightSpecs }] = weightsManifest;
  const bytes = Buffer.concat(paths.map((path: string) => files.get(path)!));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const handler = tf.io.fromMemory({ modelTopology, weightSpecs, weightData, ...rest });
  return loadGraphModel(handler as tf.io.IOHandler);
}

/** Logarithms of probabilities are logits of them; 1e-30 stands for 0. */
function logOf(p: tf.Tensor): tf.Tensor {
  return tf.log(tf.maximum(p, 1e-30));
}

function checkFits(
  what: string,
  takes: readonly (number | null)[],
  gives: readonly (number | null)[],
  { name, shape, classes }: Pictures,
): void {
  if (takes.length !== 3 || takes.some((size, i) => size !== null && size !== shape[i]))
    throw new InputError(
      `${what} takes pictures of ${takes.join('x')}, ${name} has ${shape.join('x')}; choose another teacher`,
    );
  if (gives.length !== 1 || gives[0] !== classes.length)
    throw new InputError(
      `${what} tells ${gives.join('x')} classes apart, ${name} has ${classes.length}; choose another teacher`,
    );
}
