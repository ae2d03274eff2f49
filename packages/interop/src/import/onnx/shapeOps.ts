import { InputError, type Pads, type Pair, sizeOf } from '@apb/core';
import { transposed } from '../graphBuilder.js';
import type { Constant } from './constant.js';
import {
  type Computed,
  computed,
  constant,
  inOurOrder,
  isConstant,
  like,
  type OnnxValue,
  type Operator,
  optionalConstant,
  picture,
} from './operator.js';

type Ops = Readonly<Record<string, (op: Operator) => OnnxValue>>;

/** What stands for the size of a batch among computed shapes: in a Reshape, 0 means "as it is". */
const BATCH = 0;

/** Operators that only move values, and those that compute shapes. */
export const shapeOps: Ops = {
  Identity: first,
  Dropout: first,
  Cast(op) {
    const to = op.attributes.integer('to', 0);
    const x = first(op);
    if (!isConstant(x) && to !== 1)
      throw new InputError(`${op.what}: only a cast to float32 can be imported, not to element type ${to}`);
    return x;
  },

  Constant(op) {
    const { attributes } = op;
    const value = attributes.tensor('value');
    if (value) return value;
    if (attributes.has('value_float')) return scalar(attributes.number('value_float', 0));
    if (attributes.has('value_int')) return scalar(attributes.integer('value_int', 0));
    const ints = attributes.integers('value_ints');
    if (ints) return list(ints);
    throw new InputError(`${op.what}: only constants that are tensors or numbers can be imported`);
  },

  Flatten(op) {
    const x = computed(op);
    const axis = op.attributes.integer('axis', 1);
    if (axis !== 1 && axis !== -x.value.shape.length)
      throw new InputError(`${op.what}: its axis is ${axis}; only 1 can be imported`);
    return flattened(op, x);
  },

  Reshape(op) {
    const data = op.inputs[0];
    const { values } = constant(op, 1);
    if (data && isConstant(data)) return reshapedConstant(op, data, [...values]);
    const x = computed(op);
    const [batch, ...rest] = values;
    const size = sizeOf(x.value.shape);
    const known = rest.filter(d => d !== -1).reduce((a, b) => a * b, 1);
    const fits = rest.length > 0 && (rest.includes(-1) ? size % known === 0 : batch === -1 || known === size);
    if (rest.length === 1 && (rest[0] === -1 || rest[0] === size) && fits) return flattened(op, x);
    if (isSame(x, rest)) return x;
    throw new InputError(
      `${op.what}: it makes [${[...values]}] of [N, ${x.value.shape}]; only flattening to [N, ${size}] can be imported`,
    );
  },

  Squeeze(op) {
    const x = op.inputs[0];
    if (x && isConstant(x)) return { ...x, dims: x.dims.filter(d => d !== 1) };
    const value = computed(op);
    const axes = op.attributes.integers('axes') ?? [...(optionalConstant(op, 1)?.values ?? [])];
    const spatial = value.axes === 'NCHW' ? '2,3' : '1,2';
    if (
      !value.value.pixel ||
      axes
        .map(a => (a < 0 ? a + 4 : a))
        .sort()
        .join() !== spatial
    )
      throw new InputError(`${op.what}: only the two axes of a single pixel can be left out`);
    return flattened(op, value);
  },

  Unsqueeze(op) {
    const { values } = constant(op, 0);
    if (values.length !== 1)
      throw new InputError(`${op.what}: only an axis around a single number can be imported`);
    return list([...values]);
  },

  Transpose(op) {
    const x = op.inputs[0];
    const perm = op.attributes.integers('perm');
    if (x && isConstant(x)) {
      const order = perm ?? x.dims.map((_, axis) => axis).reverse();
      if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== x.dims.length)
        throw new InputError(`${op.what}: its perm [${order}] is no order of ${x.dims.length} axes`);
      const values = transposed(Float32Array.from(x.values), x.dims, order);
      return { dims: order.map(axis => x.dims[axis]), values };
    }
    const value = computed(op);
    const to =
      value.axes === 'NCHW'
        ? ({ perm: '0,2,3,1', axes: 'NHWC' } as const)
        : ({ perm: '0,3,1,2', axes: 'NCHW' } as const);
    if (value.value.shape.length === 3 && perm?.join() === to.perm) return { ...value, axes: to.axes };
    throw new InputError(
      `${op.what}: its perm [${perm ?? 'none'}] cannot be imported; only [${to.perm}] between the two orders of a picture's axes can`,
    );
  },

  Pad: pad,
  Slice: slice,

  Shape(op) {
    const { value, axes } = computed(op);
    const { shape } = value;
    const [h, w, c] = shape;
    const own = shape.length === 3 && axes === 'NCHW' ? [c, h, w] : shape;
    return list([BATCH, ...own]);
  },

  Gather(op) {
    op.attributes.expect('axis', 0);
    const { values } = constant(op, 0);
    const { dims, values: indices } = constant(op, 1);
    const picked = Float64Array.from(indices, i => values[i < 0 ? i + values.length : i]);
    if (picked.some(Number.isNaN)) throw new InputError(`${op.what}: an index is out of range`);
    return { dims, values: picked };
  },

  Concat(op) {
    op.attributes.expect('axis', 0);
    const parts = op.inputs.map((_, i) => constant(op, i));
    if (parts.some(part => part.dims.length > 1))
      throw new InputError(`${op.what}: only shapes can be concatenated`);
    return list(parts.flatMap(part => [...part.values]));
  },
};

function first(op: Operator): OnnxValue {
  const [x] = op.inputs;
  if (!x) throw new InputError(`${op.what}: its input is missing`);
  return x;
}

function flattened(op: Operator, x: Computed): Computed {
  const { shape } = x.value;
  if (shape.length === 1) return x;
  const value = op.builder.flatten(op.name, x.value);
  const [h, w, c] = shape;
  const moved = shape.length === 3 && x.axes === 'NCHW' && h * w > 1 && c > 1;
  return { value, axes: 'NCHW', ...(moved && { flattened: shape }) };
}

/** Whether the target of a Reshape is the value's own shape. */
function isSame({ value: { shape }, axes }: Computed, rest: readonly number[]): boolean {
  const [h, w, c] = shape;
  const own = shape.length === 3 && axes === 'NCHW' ? [c, h, w] : shape;
  return rest.length === own.length && rest.every((d, i) => d === own[i] || (d === 0 && own[i] > 0));
}

function reshapedConstant(op: Operator, { dims, values }: Constant, target: readonly number[]): Constant {
  const copied = target.map((d, i) => (d === 0 ? (dims[i] ?? 0) : d));
  const known = copied.filter(d => d !== -1).reduce((a, b) => a * b, 1);
  const shape = copied.map(d => (d === -1 ? values.length / known : d));
  if (shape.reduce((a, b) => a * b, 1) !== values.length || shape.some(d => !Number.isInteger(d) || d < 0))
    throw new InputError(`${op.what}: [${dims}] cannot become [${target}]`);
  return { dims: shape, values };
}

function pad(op: Operator): OnnxValue {
  const x = computed(op);
  const { attributes, opset, what } = op;
  if (attributes.text('mode', 'constant') !== 'constant')
    throw new InputError(
      `${what}: its mode is ${attributes.text('mode', '')}; only constant can be imported`,
    );
  const given = opset < 11 ? attributes.integers('pads') : [...constant(op, 1).values];
  const value = opset < 11 ? attributes.number('value', 0) : (optionalConstant(op, 2)?.values[0] ?? 0);
  if (value !== 0) throw new InputError(`${what}: it pads with ${value}; only 0 can be imported`);
  const { shape } = x.value;
  const rank = shape.length + 1;
  const axes = optionalConstant(op, 3)?.values ?? Float64Array.from({ length: rank }, (_, axis) => axis);
  if (!given || given.length !== 2 * axes.length)
    throw new InputError(`${what}: its pads are not two for each of ${axes.length} axes`);
  const of = (axis: number): [number, number] => {
    const at = axes.findIndex(a => (a < 0 ? a + rank : a) === axis);
    return at < 0 ? [0, 0] : [given[at], given[at + axes.length]];
  };
  if (of(0).some(p => p !== 0)) throw new InputError(`${what}: padding of the batch cannot be imported`);
  const channels = rank === 4 && x.axes === 'NCHW' ? 1 : rank - 1;
  const [before, after] = of(channels);
  if (rank === 4) {
    const [vertical, horizontal] = x.axes === 'NCHW' ? [of(2), of(3)] : [of(1), of(2)];
    const pads: Pads = [vertical[0], horizontal[0], vertical[1], horizontal[1]];
    if (pads.some(p => p !== 0)) {
      if (before !== 0 || after !== 0)
        throw new InputError(`${what}: padding of pixels and channels at once cannot be imported`);
      return like(x, op.builder.pad(what, x.value, pads));
    }
  }
  if (before === 0 && after === 0) return x;
  return like(x, op.builder.padChannels(op.name, inOurOrder(op, x), before, after));
}

/** Every n-th pixel from the first on: what shortcuts without parameters do. */
function slice(op: Operator): OnnxValue {
  const source = op.inputs[0];
  if (source && isConstant(source)) return slicedList(op, source);
  const x = picture(op);
  const [starts, ends] = [bounds(op, 'starts', 1), bounds(op, 'ends', 2)];
  const axes = op.attributes.integers('axes') ?? [...(optionalConstant(op, 3)?.values ?? starts.keys())];
  const steps = [...(optionalConstant(op, 4)?.values ?? starts.map(() => 1))];
  const strides: [number, number] = [1, 1];
  axes.forEach((a, i) => {
    const axis = a < 0 ? a + 4 : a;
    const [h, w, c] = x.value.shape;
    const size = [1, c, h, w][axis];
    const whole = starts[i] === 0 && ends[i] >= size && steps[i] >= 1;
    if (axis >= 2 && whole && Number.isInteger(steps[i])) strides[axis - 2] = steps[i];
    else if (!(axis === 1 && whole && steps[i] === 1))
      throw new InputError(`${op.what}: only every n-th pixel from the first to the last can be imported`);
  });
  if (strides.every(s => s === 1)) return x;
  return like(x, op.builder.subsample(op.name, inOurOrder(op, x), strides as Pair));
}

function slicedList(op: Operator, { dims, values }: Constant): Constant {
  const [[start], [end]] = [bounds(op, 'starts', 1), bounds(op, 'ends', 2)];
  if (dims.length !== 1) throw new InputError(`${op.what}: only shapes can be sliced`);
  return list([...values].slice(start, end));
}

function bounds(op: Operator, attribute: string, index: number): number[] {
  const given = op.opset < 10 ? op.attributes.integers(attribute) : [...constant(op, index).values];
  if (!given) throw new InputError(`${op.what}: it has no ${attribute}`);
  return given;
}

function scalar(value: number): Constant {
  return { dims: [], values: Float64Array.of(value) };
}

function list(values: readonly number[]): Constant {
  return { dims: [values.length], values: Float64Array.from(values) };
}
