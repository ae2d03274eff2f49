import {
  type DType,
  digestOf,
  InputError,
  inFileOrder,
  packContainer,
  type StoredTensor,
  unpackContainer,
} from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { allLayers } from '../models/walk.js';
import type { Hook } from './hooks/hook.js';
import type { EpochMetrics } from './metrics.js';
import type { Optimizer } from './optimizer.js';

/**
 * A run after a finished epoch, in one safetensors file: all weights of the model, the optimizers' slots, what
 * hooks remember, and the metrics so far, from which metrics.jsonl can be made again. Tensors are flat float32.
 */

const FORMAT = 'apb-checkpoint';
const VERSION = '3';
const DTYPE: DType = 'F32';

/** What is saved and restored in place. */
export interface TrainState {
  readonly model: LayersModel;
  readonly optimizers?: Readonly<Record<string, Optimizer>>;
  readonly hooks?: readonly Hook[];
}

/** One variable by the name that its tensor has in the file. */
type Variables = Map<string, tf.Variable>;

/** The file's bytes. `metrics` has a line for every finished epoch. */
export async function packCheckpoint(
  state: TrainState,
  metrics: readonly EpochMetrics[],
): Promise<Uint8Array> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, variable] of variablesOf(state)) {
    const values = variable.dataSync() as Float32Array;
    tensors.set(name, {
      dtype: DTYPE,
      shape: [values.length],
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
  }
  const { optimizers = {}, hooks = [] } = state;
  const steps = Object.fromEntries(Object.entries(optimizers).map(([name, o]) => [name, o.steps]));
  const remembered = hooks.filter(hook => hook.state !== undefined).map(hook => [hook.name, hook.state]);
  const metadata = {
    format: FORMAT,
    version: VERSION,
    metrics: JSON.stringify(metrics),
    steps: JSON.stringify(steps),
    hooks: JSON.stringify(Object.fromEntries(remembered)),
  };
  const data = inFileOrder(tensors).map(([, { bytes }]) => bytes);
  return packContainer({ metadata: { ...metadata, sha256: await digestOf(metadata, data) }, tensors });
}

/**
 * Writes a checkpoint's values into a model, and into optimizers and hooks if there are any, of the same
 * configuration.
 * @param what names the file in errors
 * @returns the metrics of the finished epochs
 * @throws InputError when the file is damaged or belongs to another configuration; nothing is changed then
 */
export async function restoreCheckpoint(
  file: Uint8Array,
  what: string,
  state: TrainState,
): Promise<EpochMetrics[]> {
  const { metadata, tensors } = await readCheckpoint(file, what);
  const { optimizers = {}, hooks = [] } = state;
  const variables = variablesOf(state);
  for (const [name, variable] of variables)
    if (tensors.get(name)?.shape.join() !== String(variable.size))
      throw new InputError(
        `${what} does not fit this network: ${name} is missing or of another size; use another folder`,
      );
  for (const [name, variable] of variables) {
    const { bytes } = tensors.get(name)!;
    // A copy, for alignment: the view may start at any byte.
    const values = new Float32Array(new Uint8Array(bytes).buffer);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  const steps = JSON.parse(metadata.steps);
  for (const [name, optimizer] of Object.entries(optimizers)) optimizer.steps = steps[name];
  const remembered = JSON.parse(metadata.hooks);
  for (const hook of hooks) if (Object.hasOwn(remembered, hook.name)) hook.restore?.(remembered[hook.name]);
  return JSON.parse(metadata.metrics);
}

async function readCheckpoint(file: Uint8Array, what: string) {
  const damaged = (reason: string) =>
    new InputError(`${what} is damaged: ${reason}; start the run again in another folder`);
  const container = (() => {
    try {
      return unpackContainer(file);
    } catch (error) {
      if (error instanceof InputError) throw damaged(error.message);
      throw error;
    }
  })();
  const { format, version, sha256, ...rest } = container.metadata;
  if (format !== FORMAT || version !== VERSION)
    throw new InputError(
      `${what} is no checkpoint of version ${VERSION}; start the run again in another folder`,
    );
  const data = inFileOrder(container.tensors).map(([, { bytes }]) => bytes);
  if ((await digestOf({ format, version, ...rest }, data)) !== sha256)
    throw damaged('its contents do not match its sha256');
  return container;
}

function variablesOf({ model, optimizers = {}, hooks = [] }: TrainState): Variables {
  const variables: Variables = new Map();
  for (const layer of allLayers(model))
    for (const weight of layer.weights)
      variables.set(
        `model/${layer.name}/${weight.originalName.split('/').pop()}`,
        weight.read() as tf.Variable,
      );
  for (const [name, optimizer] of Object.entries(optimizers))
    for (const [key, slot] of optimizer.slots) variables.set(`optimizer/${name}/${key}`, slot);
  for (const hook of hooks)
    for (const [key, variable] of hook.variables ?? []) variables.set(`hook/${hook.name}/${key}`, variable);
  return variables;
}
