import { type Quantizer, type Shape, sizeOf } from '@apb/core';
import type { Affine, FloatNode, FloatNodeOf } from '../floatGraph.js';
import type { OnnxBuilder, Step } from './builder.js';

const f = Math.fround;

/**
 * Inside an ONNX graph pictures are [N, C, H, W], the layout of its operators; every other value keeps the order of
 * its axes.
 */
export function isPicture(shape: Shape): boolean {
  return shape.length === 3;
}

export const TO_NCHW: Step = { op: 'Transpose', attributes: { perm: [0, 3, 1, 2] } };
export const TO_NHWC: Step = { op: 'Transpose', attributes: { perm: [0, 2, 3, 1] } };

/** Axis of the channels, the batch axis counted. */
function channelAxis(shape: Shape): number {
  return isPicture(shape) ? 1 : shape.length;
}

/**
 * Operators that a node is made of, in the order in which our runtime computes, each on the value of the one before.
 * The two inputs of an add are the value and `others`.
 */
export function stepsOf(node: FloatNode, others: readonly string[], b: OnnxBuilder): Step[] {
  const { name, inputShape, shape } = node;
  switch (node.op) {
    case 'conv2d':
      return [convolution(node, b), ...affine(name, shape, node.affine, b)];
    case 'dense': {
      const weights = b.floats(`${name}/weights`, node.weightShape, node.weights);
      return [
        { op: 'Gemm', more: [weights], attributes: { transB: 1 } },
        ...affine(name, shape, node.affine, b),
      ];
    }
    case 'affine':
      return affine(name, shape, node.affine, b);
    case 'quantize':
      return quantizer(name, node.quantizer, b);
    case 'relu':
      return [{ op: 'Relu' }];
    case 'clamp':
      return [clip(name, f(node.min), f(node.max), b)];
    case 'prelu':
      return [{ op: 'PRelu', more: [channels(`${name}/slopes`, shape, node.slopes, b)] }];
    case 'maxPool':
      return [{ op: 'MaxPool', attributes: window(node) }];
    case 'avgPool':
      return [
        {
          op: 'AveragePool',
          attributes: { ...window(node), count_include_pad: node.countPadding ? 1 : 0 },
        },
      ];
    case 'globalAvgPool':
      return [{ op: 'GlobalAveragePool' }, { op: 'Flatten', attributes: { axis: 1 } }];
    case 'add':
      return [{ op: 'Add', more: others }];
    case 'subsample':
      return subsample(node, b);
    case 'padChannels':
      return padChannels(node, b);
    case 'flatten':
      // The order of a flattened picture is that of NHWC; with one pixel or one channel both orders are the same.
      return [
        ...(isPicture(inputShape) && inputShape[2] > 1 && sizeOf(inputShape) > inputShape[2]
          ? [TO_NHWC]
          : []),
        { op: 'Flatten', attributes: { axis: 1 } },
      ];
    case 'softmax':
      return [{ op: 'Softmax', attributes: { axis: channelAxis(shape) } }];
  }
}

/** Zeros are padded to what the input stands for, after its quantizer: the same that our kernels compute. */
function convolution(node: FloatNodeOf<'conv2d'>, b: OnnxBuilder): Step {
  const [out, kh, kw, perGroup] = node.weightShape;
  const dims = [out, perGroup, kh, kw];
  const weights = b.floats(`${node.name}/weights`, dims, toOIHW(node.weights, node.weightShape));
  return { op: 'Conv', more: [weights], attributes: convAttributes(node) };
}

export function convAttributes(node: FloatNodeOf<'conv2d'>): Record<string, number | readonly number[]> {
  return {
    kernel_shape: node.weightShape.slice(1, 3),
    strides: node.strides,
    dilations: node.dilations,
    pads: node.pads,
    group: node.groups,
  };
}

/** [out, kh, kw, c] -> [out, c, kh, kw]. */
export function toOIHW<T extends Float32Array | Int8Array>(values: T, [out, kh, kw, c]: Shape): T {
  const to = values.slice() as T;
  const taps = kh * kw;
  for (let o = 0; o < out; o++)
    for (let tap = 0; tap < taps; tap++)
      for (let i = 0; i < c; i++) to[(o * c + i) * taps + tap] = values[(o * taps + tap) * c + i];
  return to;
}

function affine(name: string, shape: Shape, folded: Affine | undefined, b: OnnxBuilder): Step[] {
  if (!folded) return [];
  const { scale, shift } = folded;
  const steps: Step[] = [];
  // A scale of 1 and a shift of 0 change no value.
  if (scale.some(v => v !== 1)) steps.push({ op: 'Mul', more: [channels(`${name}/scale`, shape, scale, b)] });
  if (shift.some(v => v !== 0)) steps.push({ op: 'Add', more: [channels(`${name}/shift`, shape, shift, b)] });
  return steps;
}

/** One number a channel, shaped so that it spreads over the other axes. */
function channels(name: string, shape: Shape, values: Float32Array, b: OnnxBuilder): string {
  return b.floats(name, isPicture(shape) ? [values.length, 1, 1] : [values.length], values);
}

/**
 * sign: x < 0 ? -scale : scale. code: base + step * round((clip(x) - lo) * inv), rounding half to even; every
 * operation rounds to float32 where core's quantizer does.
 */
function quantizer(name: string, q: Quantizer, b: OnnxBuilder): Step[] {
  const scalar = (part: string, value: number) => b.floats(`${name}/${part}`, [], [value]);
  if (q.kind === 'sign')
    return [
      { op: 'Less', more: [scalar('zero', 0)] },
      { op: 'Where', more: [scalar('negative', -q.scale), scalar('positive', q.scale)] },
    ];
  return [
    clip(name, q.lo, q.hi, b),
    ...(q.lo === 0 ? [] : [{ op: 'Sub', more: [scalar('lo', q.lo)] }]),
    { op: 'Mul', more: [scalar('inv', q.inv)] },
    { op: 'Round' },
    { op: 'Mul', more: [scalar('step', q.step)] },
    ...(q.base === 0 ? [] : [{ op: 'Add', more: [scalar('base', q.base)] }]),
  ];
}

function clip(name: string, min: number, max: number, b: OnnxBuilder): Step {
  return { op: 'Clip', more: [b.floats(`${name}/min`, [], [min]), b.floats(`${name}/max`, [], [max])] };
}

function window({ window, strides, pads }: FloatNodeOf<'maxPool' | 'avgPool'>) {
  return { kernel_shape: window, strides, pads };
}

function subsample({ name, inputShape, strides }: FloatNodeOf<'subsample'>, b: OnnxBuilder): Step[] {
  if (strides.every(s => s === 1)) return [];
  const list = (part: string, values: readonly number[]) => b.int64s(`${name}/${part}`, values);
  return [
    {
      op: 'Slice',
      more: [
        list('starts', [0, 0]),
        list('ends', inputShape.slice(0, 2)),
        list('axes', [2, 3]),
        list('steps', strides),
      ],
    },
  ];
}

function padChannels({ name, shape, before, after }: FloatNodeOf<'padChannels'>, b: OnnxBuilder): Step[] {
  if (before + after === 0) return [];
  const axis = channelAxis(shape);
  const side = (count: number) =>
    Array.from({ length: shape.length + 1 }, (_, i) => (i === axis ? count : 0));
  return [{ op: 'Pad', more: [b.int64s(`${name}/pads`, [...side(before), ...side(after)])] }];
}
