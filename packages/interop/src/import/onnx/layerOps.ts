import { InputError, type Pair, sizeOf } from '@apb/core';
import { transposed } from '../graphBuilder.js';
import type { Constant } from './constant.js';
import {
  type Computed,
  computed,
  constant,
  inOurOrder,
  like,
  type OnnxValue,
  type Operator,
  optionalConstant,
  perChannel,
  picture,
  reordered,
} from './operator.js';
import { windowOf } from './windows.js';

type Ops = Readonly<Record<string, (op: Operator) => OnnxValue>>;

/** Operators with weights, and pools. */
export const layerOps: Ops = {
  Conv(op) {
    const x = picture(op);
    const { dims, values } = constant(op, 1);
    if (dims.length !== 4)
      throw new InputError(`${op.what}: its weights are [${dims}]; only 2-D convolutions can be imported`);
    const window = dims.slice(2) as unknown as Pair;
    const kernel = op.attributes.integers('kernel_shape', 2) ?? window;
    if (kernel.join() !== window.join())
      throw new InputError(`${op.what}: its kernel_shape [${kernel}] is not that of its weights [${dims}]`);
    const weights = {
      shape: [dims[0], dims[2], dims[3], dims[1]],
      values: transposed(Float32Array.from(values), dims, [0, 2, 3, 1]),
      bias: vector(op, 2, dims[0]),
    };
    const { strides, pads, dilations } = windowOf(op, paddedShape(x), window);
    const groups = op.attributes.integer('group', 1);
    return like(x, op.builder.conv(op.name, x.value, weights, { strides, pads, dilations, groups }));
  },

  Gemm(op) {
    op.attributes.expect('transA', 0);
    const x = computed(op);
    const alpha = op.attributes.number('alpha', 1);
    const beta = op.attributes.number('beta', 1);
    const c = optionalConstant(op, 2);
    const weights = matrix(op, x, op.attributes.integer('transB', 0) !== 0, alpha);
    const outputs = weights.shape[0];
    const y = op.builder.dense(op.name, x.value, {
      ...weights,
      ...(c && { bias: spread(op, c, outputs).map(v => v * beta) }),
    });
    return { value: y, axes: 'NCHW' };
  },

  MatMul(op) {
    const x = computed(op);
    return { value: op.builder.dense(op.name, x.value, matrix(op, x, false, 1)), axes: 'NCHW' };
  },

  BatchNormalization(op) {
    const x = computed(op);
    op.attributes.expect('training_mode', 0);
    op.attributes.expect('spatial', 1);
    const [gamma, beta, mean, variance] = [1, 2, 3, 4].map(i => vectorOfChannels(op, x, constant(op, i)));
    const epsilon = op.attributes.number('epsilon', 1e-5);
    return like(x, op.builder.norm(op.name, x.value, { gamma, beta, mean, variance }, epsilon));
  },

  MaxPool(op) {
    const x = picture(op);
    const window = kernelShape(op);
    const { strides, pads, dilations } = windowOf(op, paddedShape(x), window);
    if (dilations.some(d => d !== 1))
      throw new InputError(`${op.what}: its dilations [${dilations}] cannot be imported; only 1 can`);
    return like(x, op.builder.maxPool(op.name, x.value, window, { strides, pads }));
  },

  AveragePool(op) {
    const x = picture(op);
    const window = kernelShape(op);
    const { strides, pads, dilations, ceiled } = windowOf(op, paddedShape(x), window);
    const countPadding = op.attributes.integer('count_include_pad', 0) === 1;
    if (dilations.some(d => d !== 1))
      throw new InputError(`${op.what}: its dilations [${dilations}] cannot be imported; only 1 can`);
    if (ceiled && (countPadding || x.value.pads))
      throw new InputError(`${op.what}: its ceil_mode with count_include_pad cannot be imported`);
    return like(x, op.builder.avgPool(op.name, x.value, window, { strides, pads }, countPadding));
  },

  GlobalAveragePool(op) {
    const x = picture(op);
    return like(x, op.builder.globalAvgPool(op.name, x.value));
  },

  ReduceMean(op) {
    const x = computed(op);
    const axes = op.attributes.integers('axes') ?? [...(optionalConstant(op, 1)?.values ?? [])];
    const spatial = x.axes === 'NCHW' ? '2,3' : '1,2';
    if (
      x.value.shape.length !== 3 ||
      axes
        .map(a => (a < 0 ? a + 4 : a))
        .sort()
        .join() !== spatial
    )
      throw new InputError(
        `${op.what}: only a mean over all pixels can be imported, not over axes [${axes}]`,
      );
    const y = op.builder.globalAvgPool(op.name, inOurOrder(op, x));
    const kept = op.attributes.integer('keepdims', 1) === 1;
    return like(x, kept ? y : op.builder.flatten(op.name, y));
  },
};

function kernelShape({ attributes, what }: Operator): Pair {
  const window = attributes.integers('kernel_shape', 2);
  if (!window) throw new InputError(`${what}: it has no kernel_shape`);
  return window as unknown as Pair;
}

/** [H, W, C] with the zeros around it that another operator has put there. */
function paddedShape({ value: { shape, pads = [0, 0, 0, 0] } }: Computed): readonly number[] {
  return [shape[0] + pads[0] + pads[2], shape[1] + pads[1] + pads[3], shape[2]];
}

function vector(op: Operator, index: number, length: number): Float32Array | undefined {
  const c = optionalConstant(op, index);
  if (!c) return undefined;
  if (c.values.length !== length)
    throw new InputError(`${op.what}: its bias has ${c.values.length} values for ${length} output channels`);
  return Float32Array.from(c.values);
}

function vectorOfChannels(op: Operator, x: Computed, c: Constant): Float32Array {
  const channels = x.value.shape[x.value.shape.length - 1];
  if (x.value.shape.length === 3 && x.axes !== 'NCHW')
    throw new InputError(`${op.what}: its input must be [N, C, H, W]`);
  if (c.values.length !== channels)
    throw new InputError(`${op.what}: it has ${c.values.length} values for ${channels} channels`);
  return perChannel(op, x, {
    dims: x.value.shape.length === 3 ? [channels, 1, 1] : [channels],
    values: c.values,
  });
}

/** Weights [outputs, inputs]; the inputs of a flattened picture brought from (c, h, w) to (h, w, c). */
function matrix(op: Operator, x: Computed, transB: boolean, alpha: number) {
  const { dims, values } = constant(op, 1);
  if (dims.length !== 2 || x.value.shape.length !== 1)
    throw new InputError(
      `${op.what}: a product of [N, ${x.value.shape}] and [${dims}] cannot be imported; flatten the value first`,
    );
  const rows = Float32Array.from(values, v => v * alpha);
  const shape = transB ? dims : [dims[1], dims[0]];
  const ordered = transB ? rows : transposed(rows, dims, [1, 0]);
  const k = shape[1];
  if (x.flattened && k === sizeOf(x.flattened))
    for (let r = 0; r < shape[0]; r++)
      ordered.set(reordered(ordered.subarray(r * k, (r + 1) * k), x.flattened), r * k);
  return { shape, values: ordered };
}

function spread(op: Operator, { dims, values }: Constant, length: number): Float32Array {
  if (values.length === 1) return new Float32Array(length).fill(values[0]);
  if (values.length !== length || dims[dims.length - 1] !== length)
    throw new InputError(`${op.what}: its bias is [${dims}], not one number for each of ${length} outputs`);
  return Float32Array.from(values);
}
