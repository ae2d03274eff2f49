import { INPUT, type Model } from '@apb/core';
import { type FloatNode, floatGraph } from '../floatGraph.js';
import { metadataOf } from '../metadata.js';
import { OnnxBuilder } from './builder.js';
import type { OnnxValue } from './encode.js';
import { addQLinearNodes } from './qlinear.js';
import { isPicture, stepsOf, TO_NCHW, TO_NHWC } from './steps.js';

export interface OnnxOptions {
  /**
   * float (default): the network as it was trained, its weights recomposed. qlinear: an 8-bit network of the same
   * layers, see toQLinearOnnx.
   */
  readonly convolutions?: 'float' | 'qlinear';
}

/**
 * A model as an ONNX file (operator set 17, standard operators) that needs nothing of ours to run. Its input is named
 * `input`, float32 [N, ...model.input.shape], so a batch of [N, H, W, C] pictures, normalised as for our runtime; one
 * Transpose inside turns it to NCHW. Its output has the name and shape of the graph's. N is open. Quantizers are
 * standard operators with the bits of ours; sums of layers may differ by float32 rounding, so a value that close to a
 * threshold may get the neighbouring code. Mean, standard deviation, resize rule and class names are in the file's
 * metadata as JSON.
 * @throws InputError naming the node when the graph or a parameter does not fit
 */
export function toOnnx(model: Model, { convolutions = 'float' }: OnnxOptions = {}): Uint8Array {
  const graph = floatGraph(model);
  const b = new OnnxBuilder([INPUT, ...model.graph.nodes.map(node => node.name)]);
  const first = isPicture(graph.inputShape) ? b.unique('input/NCHW') : INPUT;
  if (first !== INPUT) b.chain(INPUT, [TO_NCHW], first);
  // A picture comes out as NHWC under the output's name; what it is before needs another one.
  const outputShape = graph.nodes[graph.nodes.length - 1].shape;
  const last = isPicture(outputShape) ? b.unique(`${graph.output}/NCHW`) : graph.output;
  const rename = (name: string) => (name === INPUT ? first : name === graph.output ? last : name);
  if (convolutions === 'qlinear') addQLinearNodes(graph, model.input, rename, b);
  else for (const node of graph.nodes) addNode(node, rename, b);
  if (last !== graph.output) b.chain(last, [TO_NHWC], graph.output);
  return b.encode(value(INPUT, graph.inputShape), value(graph.output, outputShape), metadataOf(model));
}

/**
 * For timing only: the same layers as an 8-bit network. Every convolution whose weights the model holds packed becomes
 * a QLinearConv of uint8 activations and int8 weights with its bias, batch norm and ReLU inside; its neighbours meet it
 * through QuantizeLinear and DequantizeLinear, which runtimes fuse into 8-bit adds and pools. The model's own
 * quantizers are left out: 8 bits take their place. Scales are estimated from batch norms, not calibrated, so the
 * results are rough.
 * @throws InputError naming the node when the graph or a parameter does not fit
 */
export function toQLinearOnnx(model: Model): Uint8Array {
  return toOnnx(model, { convolutions: 'qlinear' });
}

function addNode(node: FloatNode, rename: (name: string) => string, b: OnnxBuilder): void {
  const [input, ...others] = node.inputs.map(rename);
  b.chain(input, stepsOf(node, others, b), rename(node.name));
}

function value(name: string, shape: readonly number[]): OnnxValue {
  return { name, type: 'float32', dims: ['N', ...shape] };
}
