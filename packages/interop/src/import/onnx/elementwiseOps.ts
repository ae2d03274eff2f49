import { InputError } from '@apb/core';
import { ones } from '../graphBuilder.js';
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
  perChannel,
} from './operator.js';

type Ops = Readonly<Record<string, (op: Operator) => OnnxValue>>;

/** Operators on each value alone. */
export const elementwiseOps: Ops = {
  Relu(op) {
    const x = computed(op);
    return like(x, op.builder.relu(op.name, x.value));
  },

  LeakyRelu(op) {
    const x = computed(op);
    return like(x, op.builder.prelu(op.name, x.value, filled(x, op.attributes.number('alpha', 0.01))));
  },

  PRelu(op) {
    const x = computed(op);
    return like(x, op.builder.prelu(op.name, x.value, perChannel(op, x, constant(op, 1))));
  },

  Clip(op) {
    const x = computed(op);
    const bound = (index: number, attribute: string, absent: number) =>
      op.opset < 11
        ? op.attributes.number(attribute, absent)
        : (optionalConstant(op, index)?.values[0] ?? absent);
    const largest = 3.4028234663852886e38;
    const [min, max] = [bound(1, 'min', -largest), bound(2, 'max', largest)];
    return like(x, op.builder.clamp(op.name, x.value, min, max));
  },

  Softmax(op) {
    const x = computed(op);
    const rank = x.value.shape.length + 1;
    const axis = op.attributes.integer('axis', op.opset < 13 ? 1 : -1);
    const channels = rank === 4 && x.axes === 'NCHW' ? 1 : rank - 1;
    // Before operator set 13 all axes from `axis` on count as one, which is the same where only one is left.
    if ((axis < 0 ? axis + rank : axis) !== channels || (op.opset < 13 && rank > 2 && !x.value.pixel))
      throw new InputError(`${op.what}: only a softmax over the channels can be imported`);
    return like(x, op.builder.softmax(op.name, inOurOrder(op, x)));
  },

  Add(op) {
    const [a, b] = op.inputs;
    if (a && b && !isConstant(a) && !isConstant(b)) {
      if (a.axes !== b.axes || a.flattened?.join() !== b.flattened?.join())
        throw new InputError(`${op.what}: it adds values whose axes lie in different orders`);
      return like(a, op.builder.add(op.name, a.value, b.value));
    }
    return shifted(op, 1);
  },

  Sub(op) {
    constant(op, 1);
    return shifted(op, -1);
  },

  Mul(op) {
    const { x, values } = withConstant(op);
    return like(x, op.builder.affine(op.name, x.value, values, new Float32Array(values.length)));
  },

  Div(op) {
    const x = computed(op);
    const scale = perChannel(op, x, constant(op, 1)).map(v => 1 / v);
    return like(x, op.builder.affine(op.name, x.value, scale, new Float32Array(scale.length)));
  },
};

/** x + sign * c: into the layer or affine step before where nothing else reads that, else a step of its own. */
function shifted(op: Operator, sign: 1 | -1): OnnxValue {
  const { x, index, values } = withConstant(op);
  const shift = values.map(v => sign * v);
  if (op.isOnlyReader(index) && !x.value.pads) {
    const inside = x.flattened === undefined && op.builder.addBias(x.value, shift);
    if (inside || op.builder.addShift(x.value, shift)) return x;
  }
  return like(x, op.builder.affine(op.name, x.value, ones(shift.length), shift));
}

function withConstant(op: Operator): { x: Computed; index: number; values: Float32Array } {
  const index = op.inputs[0] && isConstant(op.inputs[0]) ? 1 : 0;
  const x = computed(op, index);
  return { x, index, values: perChannel(op, x, constant(op, 1 - index)) };
}

function filled({ value: { shape } }: Computed, value: number): Float32Array {
  return new Float32Array(shape[shape.length - 1]).fill(value);
}
