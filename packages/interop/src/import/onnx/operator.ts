import { InputError, type Shape } from '@apb/core';
import type { GraphBuilder, Value } from '../graphBuilder.js';
import type { Attributes } from './attributes.js';
import type { Constant } from './constant.js';

/** A value of the ONNX graph that depends on its input. */
export interface Computed {
  readonly value: Value;
  /** How the axes of a picture lie in the ONNX graph; ours are always NHWC. */
  readonly axes: 'NCHW' | 'NHWC';
  /** Elements of a flattened picture [H, W, C] lie in the order (c, h, w) in the ONNX graph, in ours in (h, w, c). */
  readonly flattened?: Shape;
}

export type OnnxValue = Computed | Constant;

/** One operator that is being imported. */
export interface Operator {
  /** For the node that it becomes. */
  readonly name: string;
  /** How messages call it. */
  readonly what: string;
  readonly type: string;
  readonly opset: number;
  readonly attributes: Attributes;
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly (OnnxValue | undefined)[];
  /** Whether nothing but this operator reads its input of that index. */
  readonly isOnlyReader: (index: number) => boolean;
  readonly builder: GraphBuilder;
}

export function isConstant(value: OnnxValue): value is Constant {
  return 'values' in value;
}

/** @throws InputError when the input is missing or a constant */
export function computed(op: Operator, index = 0): Computed {
  const value = op.inputs[index];
  if (!value || isConstant(value))
    throw new InputError(`${op.what}: its input ${index} must be computed from the network's input`);
  return value;
}

/** @throws InputError when the input is missing or not a constant */
export function constant(op: Operator, index: number): Constant {
  const value = optionalConstant(op, index);
  if (!value) throw new InputError(`${op.what}: its input ${index} is missing`);
  return value;
}

export function optionalConstant(op: Operator, index: number): Constant | undefined {
  const value = op.inputs[index];
  if (value && !isConstant(value))
    throw new InputError(`${op.what}: its input ${index} is computed; only a constant can be imported there`);
  return value;
}

/** A value that is no flattened NCHW picture, or may be taken for none. */
export function inOurOrder(op: Operator, x: Computed): Value {
  if (x.flattened)
    throw new InputError(
      `${op.what}: a ${op.type} of a flattened NCHW picture cannot be imported; only a Gemm or MatMul can read it`,
    );
  return x.value;
}

/** @throws InputError for what is no picture with NCHW axes */
export function picture(op: Operator, index = 0): Computed {
  const x = computed(op, index);
  if (x.value.shape.length !== 3 || x.axes !== 'NCHW')
    throw new InputError(`${op.what}: its input must be a picture [N, C, H, W]`);
  return x;
}

/** The same kind of value as `x`. */
export function like(x: Computed, value: Value): Computed {
  return { ...x, value };
}

/**
 * Spreads a constant over the channels of a value, as the standard's broadcasting does.
 * @throws InputError where it varies along another axis
 */
export function perChannel(op: Operator, x: Computed, { dims, values }: Constant): Float32Array {
  const { shape } = x.value;
  const channels = shape[shape.length - 1];
  if (values.length === 1) return new Float32Array(channels).fill(values[0]);
  const rank = shape.length + 1;
  // Axis of the channels, counted from the last.
  const back = shape.length === 3 && x.axes === 'NCHW' ? 3 : 1;
  const fits = values.length === channels && dims.length <= rank && dims[dims.length - back] === channels;
  if (!fits)
    throw new InputError(
      `${op.what}: its constant [${dims}] is not one number for each of ${channels} channels`,
    );
  return x.flattened ? reordered(values, x.flattened) : Float32Array.from(values);
}

/** (c, h, w) -> (h, w, c) */
export function reordered(values: ArrayLike<number>, [h, w, c]: Shape): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < c; i++) for (let p = 0; p < h * w; p++) out[p * c + i] = values[i * h * w + p];
  return out;
}
