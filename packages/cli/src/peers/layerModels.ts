import type { OnnxElementType, OnnxNode, OnnxTensor } from '@apb/interop';
import type { LayerShape } from '../commands/bench/layers/shape.js';
import type { FixedGraph, FixedValue } from './fixedShapes.js';
import { bytesOf, randomData } from './randomData.js';

/** Order of the axes of a model's input and output. */
type AxisOrder = 'NCHW' | 'NHWC';

const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];

/** Conv with a bias, into which a batch norm folds; in the operator's own order of axes. */
export function floatConv(shape: LayerShape): FixedGraph {
  const { m } = shape;
  return {
    name: 'convolution',
    nodes: [{ op: 'Conv', inputs: ['x', 'w', 'bias'], outputs: ['y'] }],
    inputs: [picture('x', 'float32', shape, 'input', 'NCHW')],
    outputs: [picture('y', 'float32', shape, 'output', 'NCHW')],
    constants: [constant(kernel(shape, 'float32')), constant({ name: 'bias', type: 'float32', dims: [m] })],
  };
}

/** QuantizeLinear, QLinearConv, DequantizeLinear. */
export function quantizingConv(shape: LayerShape, order: AxisOrder): FixedGraph {
  return {
    name: 'convolution',
    nodes: [
      { op: 'QuantizeLinear', inputs: ['x', 'xScale', 'zero'], outputs: ['xq'] },
      ...convolution('xq', 'yq', order),
      { op: 'DequantizeLinear', inputs: ['yq', 'yScale', 'zero'], outputs: ['y'] },
    ],
    inputs: [picture('x', 'float32', shape, 'input', order)],
    outputs: [picture('y', 'float32', shape, 'output', order)],
    constants: integerConstants(shape),
  };
}

/** QLinearConv from bytes to bytes. Zero points of 0: what is negative is cut off, as by a ReLU. */
export function integerConv(shape: LayerShape, order: AxisOrder): FixedGraph {
  return {
    name: 'convolution',
    nodes: convolution('x', 'y', order),
    inputs: [picture('x', 'uint8', shape, 'input', order)],
    outputs: [picture('y', 'uint8', shape, 'output', order)],
    constants: integerConstants(shape),
  };
}

/** The operator takes NCHW; transposes around it let onnxruntime choose a kernel for NHWC and drop them. */
function convolution(from: string, to: string, order: AxisOrder): OnnxNode[] {
  const conv = (x: string, y: string): OnnxNode => ({
    op: 'QLinearConv',
    inputs: [x, 'xScale', 'zero', 'w', 'wScale', 'wZero', 'yScale', 'zero', 'bias'],
    outputs: [y],
  });
  if (order === 'NCHW') return [conv(from, to)];
  return [
    { op: 'Transpose', inputs: [from], outputs: ['xt'], attributes: { perm: TO_NCHW } },
    conv('xt', 'yt'),
    { op: 'Transpose', inputs: ['yt'], outputs: [to], attributes: { perm: TO_NHWC } },
  ];
}

/** One scale for each output channel, as a folded batch norm needs. */
function integerConstants(shape: LayerShape): OnnxTensor[] {
  const { m } = shape;
  const float = (name: string, value: number): OnnxTensor => ({
    name,
    type: 'float32',
    dims: [],
    data: bytesOf(Float32Array.of(value)),
  });
  return [
    float('xScale', 0.01),
    float('yScale', 0.02),
    { name: 'zero', type: 'uint8', dims: [], data: Uint8Array.of(0) },
    constant(kernel(shape, 'int8')),
    { name: 'wScale', type: 'float32', dims: [m], data: bytesOf(new Float32Array(m).fill(0.0005)) },
    { name: 'wZero', type: 'int8', dims: [m], data: new Uint8Array(m) },
    { name: 'bias', type: 'int32', dims: [m], data: bytesOf(new Int32Array(m).fill(100)) },
  ];
}

function constant(value: FixedValue): OnnxTensor {
  return { ...value, data: bytesOf(randomData(value)) };
}

function kernel({ m, k }: LayerShape, type: OnnxElementType): FixedValue {
  return { name: 'w', type, dims: [m, k / 9, 3, 3] };
}

function picture(
  name: string,
  type: OnnxElementType,
  { m, k, n }: LayerShape,
  end: 'input' | 'output',
  order: AxisOrder,
): FixedValue {
  const side = Math.sqrt(n) + (end === 'input' ? 2 : 0);
  const channels = end === 'input' ? k / 9 : m;
  return {
    name,
    type,
    dims: order === 'NCHW' ? [1, channels, side, side] : [1, side, side, channels],
  };
}
