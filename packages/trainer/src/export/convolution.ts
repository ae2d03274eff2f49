import { InputError, type Pair, type ValueType } from '@apb/core';
import type { layers } from '@tensorflow/tfjs-layers';
import { isCompressed } from '../layers/compressed.js';
import { outputFirst } from '../layers/outputFirst.js';
import { activationNode } from './activation.js';
import { type GraphWriter, weightTensor, weightValues } from './graphWriter.js';
import { padsOf, type Value, withoutPads } from './value.js';

interface ConvConfig {
  readonly strides: Pair;
  readonly padding: string;
  readonly dilationRate: Pair;
  readonly activation: string;
}

/**
 * conv2d, depthwiseConv2d and their compressed counterparts.
 * @throws InputError for a dilated depthwiseConv2d of tf.layers, which trains and runs without the dilation
 */
export function convolution(
  layer: layers.Layer,
  x: Value,
  writer: GraphWriter,
  valueType: ValueType,
): string {
  const { strides, padding, dilationRate, activation } = layer.getConfig() as unknown as ConvConfig;
  const depthwise = /DepthwiseConv2D$/.test(layer.getClassName());
  if (layer.getClassName() === 'DepthwiseConv2D' && dilationRate.some(rate => rate !== 1))
    throw new InputError(
      `layer ${layer.name}: tf.layers' depthwiseConv2d does not apply its dilationRate [${dilationRate}]; use ApbDepthwiseConv2D`,
    );
  const { kernel, window } = kernelOf(layer, depthwise, writer, valueType);
  const node = writer.node(layer, [x.name], {
    op: 'conv2d',
    weights: kernel,
    ...biasOf(layer, writer),
    strides,
    dilations: dilationRate,
    pads: padsOf(x, padding, window, strides, dilationRate),
    groups: depthwise ? x.shape[2] : 1,
  });
  return activationNode(layer, node, activation, writer);
}

/** dense and ApbDense. tf.layers flattens [H, W, C] in the order core does, so the columns need no reordering. */
export function dense(layer: layers.Layer, x: Value, writer: GraphWriter, valueType: ValueType): string {
  if (withoutPads(layer, x).shape.length !== 1)
    throw new InputError(
      `layer ${layer.name}: a dense layer takes a flat input, not [${x.shape}]; flatten it first`,
    );
  const units = weightTensor(layer, 'kernel')!.shape[1]!;
  const weights = isCompressed(layer)
    ? writer.parameter(layer, 'kernel', () => layer.weightQuantizer.toWeightData(valueType))
    : writer.float(layer, 'kernel', outputFirst(weightValues(layer, 'kernel')!, units), [units, x.shape[0]]);
  const node = writer.node(layer, [x.name], { op: 'dense', weights, ...biasOf(layer, writer) });
  return activationNode(layer, node, layer.getConfig().activation as string, writer);
}

/** Kernel as [out, kh, kw, in / groups]. */
function kernelOf(layer: layers.Layer, depthwise: boolean, writer: GraphWriter, valueType: ValueType) {
  const own = depthwise ? 'depthwise_kernel' : 'kernel';
  const [kh, kw, a, b] = weightTensor(layer, own)!.shape;
  const [out, perGroup] = depthwise ? [a * b, 1] : [b, a];
  const kernel = isCompressed(layer)
    ? writer.parameter(layer, own, () => layer.weightQuantizer.toWeightData(valueType))
    : writer.float(layer, own, outputFirst(weightValues(layer, own)!, out), [out, kh, kw, perGroup]);
  return { kernel, window: [kh, kw] as Pair };
}

function biasOf(layer: layers.Layer, writer: GraphWriter): { bias?: string } {
  const bias = weightValues(layer, 'bias');
  return bias ? { bias: writer.float(layer, 'bias', bias) } : {};
}
