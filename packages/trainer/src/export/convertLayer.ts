import { InputError, type ValueType } from '@apb/core';
import type { layers } from '@tensorflow/tfjs-layers';
import { ActivationQuantizer } from '../layers/activationQuantizer.js';
import { ShortcutA } from '../layers/shortcutA.js';
import { activationNode, prelu, relu, softmax } from './activation.js';
import { convolution, dense } from './convolution.js';
import type { GraphWriter } from './graphWriter.js';
import { batchNorm } from './normalisation.js';
import { add, avgPool, maxPool, shortcutA, zeroPadding } from './spatial.js';
import { type Value, withoutPads } from './value.js';

/**
 * Writes one application of a layer into the graph.
 * @returns the value's name, or the value itself where the layer only changes how it is read
 * @throws InputError naming a layer that has no counterpart
 */
export function convertLayer(
  layer: layers.Layer,
  inputs: readonly Value[],
  writer: GraphWriter,
  valueType: ValueType,
): string | Value {
  const className = layer.getClassName();
  if (layer.getConfig().dataFormat === 'channelsFirst')
    throw new InputError(`layer ${layer.name} (${className}): only channels-last data can be exported`);
  const [x] = inputs;
  switch (className) {
    case 'Conv2D':
    case 'ApbConv2D':
    case 'DepthwiseConv2D':
    case 'ApbDepthwiseConv2D':
      return convolution(layer, x, writer, valueType);
    case 'AveragePooling2D':
      return avgPool(layer, x, writer);
    case 'ZeroPadding2D':
      return zeroPadding(layer, x);
  }
  for (const input of inputs) withoutPads(layer, input);
  switch (className) {
    case 'Dense':
    case 'ApbDense':
      return dense(layer, x, writer, valueType);
    case 'BatchNorm':
    case 'BatchNormalization':
      return batchNorm(layer, x, writer);
    case 'Activation':
      return activationNode(layer, x.name, layer.getConfig().activation as string, writer, undefined);
    case 'ReLU':
      return relu(layer, x.name, writer);
    case 'PReLU':
      return prelu(layer, x.name, writer);
    case 'Softmax':
      return softmax(layer, x.name, x.shape.length, writer);
    case 'MaxPooling2D':
      return maxPool(layer, x, writer);
    case 'GlobalAveragePooling2D':
      return writer.node(layer, [x.name], { op: 'globalAvgPool' });
    case 'Add':
      return add(layer, inputs, writer);
    case 'Flatten':
      return x.shape.length === 1 ? x : writer.node(layer, [x.name], { op: 'flatten' });
    case 'Dropout':
    case 'SpatialDropout2D':
      return x;
  }
  if (layer instanceof ActivationQuantizer)
    return writer.node(layer, [x.name], { op: 'quantize', quantizer: layer.toQuantizer() });
  if (layer instanceof ShortcutA) return shortcutA(layer, x, writer);
  throw new InputError(
    `layer ${layer.name}: its class ${className} cannot be exported; replace it by convolutions, dense layers, ` +
      'batch norms, ReLUs, pools, additions and the like',
  );
}
