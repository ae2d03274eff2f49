import * as tf from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow op: a dtype by tfjs's name, a number (float), a flag or a string. */
type Attribute = string | number | boolean;

interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_STRING: number;
}

interface TfjsNodeBackend extends tf.KernelBackend {
  readonly binding: Binding;
  executeMultipleOutputs(name: string, attrs: unknown[], inputs: tf.Tensor[], count: number): tf.Tensor[];
}

/**
 * Runs a TensorFlow op by its own name through the tfjs-node backend. The string 'float32' is a type.
 * @param count number of outputs the op has
 */
export function execute(
  name: string,
  attrs: Readonly<Record<string, Attribute>>,
  inputs: tf.Tensor[],
  count: number,
): tf.Tensor[] {
  const backend = tf.backend() as TfjsNodeBackend;
  const encoded = Object.entries(attrs).map(([key, value]) => ({
    name: key,
    ...encode(value, backend.binding),
  }));
  return backend.executeMultipleOutputs(name, encoded, inputs, count);
}

function encode(value: Attribute, binding: Binding): { type: number; value: Attribute } {
  if (value === 'float32') return { type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  if (typeof value === 'string') return { type: binding.TF_ATTR_STRING, value };
  if (typeof value === 'number') return { type: binding.TF_ATTR_FLOAT, value };
  return { type: binding.TF_ATTR_BOOL, value };
}
