import type { Pair, Shape } from '@apb/core';
import type { FloatNodeOf } from '../floatGraph.js';
import type { TfBuilder, TfStep } from './builder.js';
import { padded, strided } from './spatial.js';

type ConvNode = FloatNodeOf<'conv2d'>;

/**
 * Adds pads, convolution and what TensorFlow.js cannot do in one operation: groups are cut out and put together again,
 * strides of a dilated convolution are taken from its whole output. Zeros are padded to what the input stands for.
 * @returns the name of the product
 */
export function addConvolution(node: ConvNode, input: string, b: TfBuilder, wanted: string): string {
  const { name, strides, dilations, pads } = node;
  const both = strides.some(s => s > 1) && dilations.some(d => d > 1);
  const after = both ? strided(name, strides, b) : [];
  const source = b.chain(input, padded(name, pads, 0, b), `${name}/padded`);
  const product = after.length > 0 ? `${wanted}/dense` : wanted;
  return b.chain(grouped(node, both ? [1, 1] : strides, source, b, product), after, wanted);
}

function grouped(node: ConvNode, strides: Pair, input: string, b: TfBuilder, wanted: string): string {
  const { name, groups, dilations, weights, inputShape } = node;
  const [out, kh, kw, perGroup] = node.weightShape;
  if (groups === 1) {
    const step = kernel(name, 'Conv2D', weights, [kh, kw, perGroup, out], strides, dilations, b);
    return b.chain(input, [step], wanted);
  }
  // TensorFlow's backends want equal strides of a depthwise convolution.
  if (groups === inputShape[2] && strides[0] === strides[1]) {
    const shape = [kh, kw, groups, out / groups];
    const step = kernel(name, 'DepthwiseConv2dNative', weights, shape, strides, dilations, b);
    return b.chain(input, [step], wanted);
  }
  const rows = out / groups;
  const size = weights.length / groups;
  const parts = Array.from({ length: groups }, (_, group) => {
    const own = weights.subarray(group * size, (group + 1) * size);
    const part = `${name}/group${group}`;
    const begin = b.int32s(`${part}/begin`, [0, 0, 0, group * perGroup]);
    const slice: TfStep = { op: 'Slice', more: [begin, b.int32s(`${part}/size`, [-1, -1, -1, perGroup])] };
    const shape = [kh, kw, perGroup, rows];
    return b.chain(input, [slice, kernel(part, 'Conv2D', own, shape, strides, dilations, b)], part);
  });
  const axis = b.int32(`${name}/axis`, 3);
  return b.node(wanted, 'ConcatV2', [...parts, axis], { N: { int: groups } });
}

/** @param shape of the filter: [kh, kw, in, out], or [kh, kw, in, outputs of each] for a depthwise one */
function kernel(
  name: string,
  op: 'Conv2D' | 'DepthwiseConv2dNative',
  weights: Float32Array,
  shape: Shape,
  strides: Pair,
  dilations: Pair,
  b: TfBuilder,
): TfStep {
  const outputs = op === 'Conv2D' ? shape[3] : shape[2] * shape[3];
  const filter = b.floats(`${name}/weights`, shape, outputsLast(weights, outputs));
  return {
    op,
    more: [filter],
    attributes: {
      strides: { ints: [1, ...strides, 1] },
      dilations: { ints: [1, ...dilations, 1] },
      padding: { text: 'VALID' },
      data_format: { text: 'NHWC' },
    },
  };
}

/** [out, k] -> [k, out]. */
function outputsLast(weights: Float32Array, out: number): Float32Array {
  const k = weights.length / out;
  const to = new Float32Array(weights.length);
  for (let o = 0; o < out; o++) for (let i = 0; i < k; i++) to[i * out + o] = weights[o * k + i];
  return to;
}
