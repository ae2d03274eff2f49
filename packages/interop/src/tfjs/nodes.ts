import { type Pair, type Quantizer, sizeOf } from '@apb/core';
import type { Affine, FloatNode, FloatNodeOf } from '../floatGraph.js';
import type { TfBuilder, TfStep } from './builder.js';
import { addConvolution } from './convolution.js';
import { padded, strided } from './spatial.js';

const f = Math.fround;
/** What no value of a picture is below: TensorFlow.js pads with it where a maximum is to leave the padding out. */
const LOWEST = -3.4028234663852886e38;

/**
 * Adds the operations of a node, in the order in which our runtime computes.
 * @returns the name of its value
 */
export function addNode(node: FloatNode, inputs: readonly string[], b: TfBuilder): string {
  const { name } = node;
  const [input] = inputs;
  if (node.op === 'conv2d') {
    const after = affine(name, node.affine, b);
    return b.chain(addConvolution(node, input, b, after.length > 0 ? `${name}/product` : name), after, name);
  }
  return b.chain(input, stepsOf(node, inputs.slice(1), b), name);
}

function stepsOf(
  node: Exclude<FloatNode, { op: 'conv2d' }>,
  others: readonly string[],
  b: TfBuilder,
): TfStep[] {
  const { name, shape } = node;
  switch (node.op) {
    case 'dense': {
      const weights = b.floats(`${name}/weights`, node.weightShape, node.weights);
      const attributes = { transpose_a: { flag: false }, transpose_b: { flag: true } };
      return [{ op: 'MatMul', more: [weights], attributes }, ...affine(name, node.affine, b)];
    }
    case 'affine':
      return affine(name, node.affine, b);
    case 'quantize':
      return quantizer(name, node.quantizer, b);
    case 'relu':
      return [{ op: 'Relu' }];
    case 'clamp':
      return clip(name, f(node.min), f(node.max), b);
    case 'prelu':
      return [{ op: 'Prelu', more: [b.floats(`${name}/slopes`, [node.slopes.length], node.slopes)] }];
    case 'maxPool':
      return [...padded(name, node.pads, LOWEST, b), pool('MaxPool', node)];
    case 'avgPool':
      return avgPool(node, b);
    case 'globalAvgPool': {
      const axes = b.int32s(`${name}/axes`, [1, 2]);
      return [{ op: 'Mean', more: [axes], attributes: { keep_dims: { flag: false } } }];
    }
    case 'add':
      return [{ op: 'AddV2', more: others }];
    case 'subsample':
      return strided(name, node.strides, b);
    case 'padChannels':
      return padChannels(node, b);
    case 'flatten':
      return [{ op: 'Reshape', more: [b.int32s(`${name}/shape`, [-1, sizeOf(shape)])] }];
    case 'softmax':
      return [{ op: 'Softmax' }];
  }
}

function affine(name: string, folded: Affine | undefined, b: TfBuilder): TfStep[] {
  if (!folded) return [];
  const { scale, shift } = folded;
  const vector = (part: string, values: Float32Array) => b.floats(`${name}/${part}`, [values.length], values);
  return [
    ...(scale.some(v => v !== 1) ? [{ op: 'Mul', more: [vector('scale', scale)] }] : []),
    ...(shift.some(v => v !== 0) ? [{ op: 'AddV2', more: [vector('shift', shift)] }] : []),
  ];
}

/** As in ONNX: the same operations as core's quantizer; TensorFlow's Round takes halves to even too. */
function quantizer(name: string, q: Quantizer, b: TfBuilder): TfStep[] {
  const scalar = (part: string, value: number) => b.floats(`${name}/${part}`, [], [value]);
  if (q.kind === 'sign')
    return [
      { op: 'Less', more: [scalar('zero', 0)] },
      { op: 'SelectV2', more: [scalar('negative', -q.scale), scalar('positive', q.scale)] },
    ];
  return [
    ...clip(name, q.lo, q.hi, b),
    ...(q.lo === 0 ? [] : [{ op: 'Sub', more: [scalar('lo', q.lo)] }]),
    { op: 'Mul', more: [scalar('inv', q.inv)] },
    { op: 'Round' },
    { op: 'Mul', more: [scalar('step', q.step)] },
    ...(q.base === 0 ? [] : [{ op: 'AddV2', more: [scalar('base', q.base)] }]),
  ];
}

function clip(name: string, min: number, max: number, b: TfBuilder): TfStep[] {
  return [
    { op: 'Maximum', more: [b.floats(`${name}/min`, [], [min])] },
    { op: 'Minimum', more: [b.floats(`${name}/max`, [], [max])] },
  ];
}

interface Window {
  readonly window: Pair;
  readonly strides: Pair;
}

function pool(op: 'MaxPool' | 'AvgPool', { window, strides }: Window): TfStep {
  return {
    op,
    attributes: {
      ksize: { ints: [1, ...window, 1] },
      strides: { ints: [1, ...strides, 1] },
      padding: { text: 'VALID' },
    },
  };
}

/** A mean over padded zeros counts the whole window; where padding is not to count, a factor a pixel mends it. */
function avgPool(node: FloatNodeOf<'avgPool'>, b: TfBuilder): TfStep[] {
  const { name, pads, countPadding } = node;
  const steps = [...padded(name, pads, 0, b), pool('AvgPool', node)];
  if (countPadding || pads.every(pad => pad === 0)) return steps;
  return [...steps, { op: 'Mul', more: [windowShares(node, b)] }];
}

/** [1, H', W', 1]: the window's pixels over those of them inside the picture. */
function windowShares(
  { name, inputShape, shape, window, strides, pads }: FloatNodeOf<'avgPool'>,
  b: TfBuilder,
): string {
  const [rows, columns] = [0, 1].map(axis =>
    insideCounts(inputShape[axis], shape[axis], window[axis], strides[axis], pads[axis as 0 | 1]),
  );
  const whole = window[0] * window[1];
  const shares = rows.flatMap(r => columns.map(c => whole / (r * c)));
  return b.floats(`${name}/shares`, [1, rows.length, columns.length, 1], shares);
}

/** Along one axis: how many pixels of each window lie inside. */
function insideCounts(size: number, out: number, window: number, stride: number, before: number): number[] {
  return Array.from({ length: out }, (_, i) => {
    const start = i * stride - before;
    return Math.min(start + window, size) - Math.max(start, 0);
  });
}

function padChannels({ name, shape, before, after }: FloatNodeOf<'padChannels'>, b: TfBuilder): TfStep[] {
  if (before + after === 0) return [];
  const pads = [...new Array(2 * shape.length).fill(0), before, after];
  return [{ op: 'PadV2', more: [b.int32s(`${name}/pads`, pads, 2), b.floats(`${name}/zero`, [], [0])] }];
}
