import { outputSize, type Pads, type Pair } from '../backend/geometry.js';
import { InputError } from '../errors.js';
import { type Shape, sameShape, sizeOf } from '../tensor/shape.js';
import { type Graph, INPUT, type Node } from './graph.js';
import type { WeightData } from './model.js';
import { vectorsOf } from './parameters.js';

/** Largest value of a network, per picture: 1 GiB of float32. Real networks stay a hundred times below. */
const MAX_VALUE_ELEMENTS = 2 ** 28;

/** The shapes of a model's parameters by name, as inferShapes takes them. */
export function weightShapes(weights: Readonly<Record<string, WeightData>>): Map<string, Shape> {
  return new Map(Object.entries(weights).map(([name, { shape }]) => [name, shape]));
}

/**
 * Shape of every value of a graph, INPUT included, without the batch axis, in the graph's order.
 * @param weights shapes of the parameters by name
 * @throws InputError naming the node: a name used twice or used before it is defined, a missing parameter, a
 *   wrong number of inputs, shapes that do not fit, a window larger than its input
 */
export function inferShapes(graph: Graph, weights: ReadonlyMap<string, Shape>): Map<string, Shape> {
  const shapes = new Map<string, Shape>([[INPUT, [...graph.inputShape]]]);
  checkSize(graph.inputShape, 'the input');
  for (const node of graph.nodes) {
    const what = `node "${node.name}"`;
    if (shapes.has(node.name)) throw new InputError(`${what}: an earlier value has the same name`);
    const shape = shapeOf(node, inputsOf(node, shapes, what), weights, what);
    checkSize(shape, what);
    shapes.set(node.name, shape);
  }
  if (graph.output === INPUT || !shapes.has(graph.output))
    throw new InputError(`the graph's output "${graph.output}" is not one of its nodes`);
  return shapes;
}

function inputsOf(node: Node, shapes: ReadonlyMap<string, Shape>, what: string): Shape[] {
  const count = node.op === 'add' ? 2 : 1;
  if (node.inputs.length !== count)
    throw new InputError(
      `${what}: ${node.op} takes ${count} input${count > 1 ? 's' : ''}, got ${node.inputs.length}`,
    );
  return node.inputs.map(name => {
    const shape = shapes.get(name);
    if (!shape) throw new InputError(`${what}: its input "${name}" is no earlier node`);
    return shape;
  });
}

function shapeOf(
  node: Node,
  inputs: readonly Shape[],
  weights: ReadonlyMap<string, Shape>,
  what: string,
): Shape {
  const [input] = inputs;
  const channels = input[input.length - 1];
  const shape = outputOf(node, inputs, weights, what);
  // Biases run over the output's channels; batch norm and PReLU keep their input's.
  for (const name of vectorsOf(node)) {
    const vector = parameter(name, weights, what);
    const expected = shape[shape.length - 1] ?? channels;
    if (!sameShape(vector, [expected]))
      throw new InputError(
        `${what}: parameter "${name}" is [${vector}], not one number for each of ${expected} channels`,
      );
  }
  return shape;
}

function outputOf(
  node: Node,
  inputs: readonly Shape[],
  weights: ReadonlyMap<string, Shape>,
  what: string,
): Shape {
  const [input] = inputs;
  switch (node.op) {
    case 'conv2d':
      return convShape(node, picture(input, what), parameter(node.weights, weights, what), what);
    case 'dense':
      return denseShape(input, parameter(node.weights, weights, what), what);
    case 'maxPool':
    case 'avgPool': {
      const [, , c] = picture(input, what);
      // A window wholly inside the padding would have no pixel to take the largest or the mean of.
      if (node.pads.some((pad, side) => pad >= node.window[side % 2]))
        throw new InputError(`${what}: pads [${node.pads}] are not smaller than the window [${node.window}]`);
      return [...windows(input, node.window, node.strides, [1, 1], node.pads, what), c];
    }
    case 'globalAvgPool':
      return [picture(input, what)[2]];
    case 'add':
      if (!sameShape(inputs[0], inputs[1]))
        throw new InputError(`${what}: its inputs differ in shape, [${inputs[0]}] and [${inputs[1]}]`);
      return input;
    case 'subsample': {
      const [h, w, c] = picture(input, what);
      checkPositive(node.strides, 'strides', what);
      return [Math.ceil(h / node.strides[0]), Math.ceil(w / node.strides[1]), c];
    }
    case 'padChannels':
      if (!(node.before >= 0 && node.after >= 0))
        throw new InputError(`${what}: ${node.before} and ${node.after} channels cannot be added`);
      return [...input.slice(0, -1), input[input.length - 1] + node.before + node.after];
    case 'flatten':
      return [sizeOf(input)];
    case 'batchNorm':
    case 'quantize':
    case 'relu':
    case 'clamp':
    case 'prelu':
    case 'softmax':
      return input;
  }
}

function convShape(
  node: Node & { readonly op: 'conv2d' },
  input: Shape,
  weights: Shape,
  what: string,
): Shape {
  if (weights.length !== 4)
    throw new InputError(
      `${what}: its weights are [${weights}], not [outChannels, height, width, inChannels / groups]`,
    );
  const [out, kh, kw, perGroup] = weights;
  const { groups } = node;
  checkPositive([groups], 'groups', what);
  if (input[2] % groups !== 0 || out % groups !== 0)
    throw new InputError(
      `${what}: ${groups} groups do not divide ${input[2]} input and ${out} output channels`,
    );
  if (perGroup !== input[2] / groups)
    throw new InputError(
      `${what}: its weights take ${perGroup} channels a group, the input has ${input[2] / groups}`,
    );
  return [...windows(input, [kh, kw], node.strides, node.dilations, node.pads, what), out];
}

function denseShape(input: Shape, weights: Shape, what: string): Shape {
  if (weights.length !== 2)
    throw new InputError(`${what}: its weights are [${weights}], not [outputs, inputs]`);
  if (!sameShape(input, [weights[1]]))
    throw new InputError(
      `${what}: its weights take [${weights[1]}], the input is [${input}]; flatten it first`,
    );
  return [weights[0]];
}

/** Output height and width of a sliding window. */
function windows(input: Shape, window: Pair, strides: Pair, dilations: Pair, pads: Pads, what: string): Pair {
  checkPositive(window, 'window', what);
  checkPositive(strides, 'strides', what);
  checkPositive(dilations, 'dilations', what);
  if (pads.length !== 4 || pads.some(p => !Number.isInteger(p) || p < 0))
    throw new InputError(`${what}: pads [${pads}] are not four integers of at least 0`);
  try {
    return [
      outputSize(input[0], window[0], strides[0], dilations[0], pads[0], pads[2]),
      outputSize(input[1], window[1], strides[1], dilations[1], pads[1], pads[3]),
    ];
  } catch (e) {
    throw new InputError(`${what}: ${(e as Error).message}`);
  }
}

function picture(shape: Shape, what: string): Shape {
  if (shape.length !== 3)
    throw new InputError(`${what}: its input is [${shape}], not [height, width, channels]`);
  return shape;
}

function parameter(name: string, weights: ReadonlyMap<string, Shape>, what: string): Shape {
  const shape = weights.get(name);
  if (!shape) throw new InputError(`${what}: there is no parameter "${name}"`);
  return shape;
}

function checkPositive(values: readonly number[], field: string, what: string): void {
  if (values.some(v => !Number.isInteger(v) || v < 1))
    throw new InputError(`${what}: ${field} [${values}] must be integers of at least 1`);
}

function checkSize(shape: Shape, what: string): void {
  checkPositive(shape, 'shape', what);
  if (shape.length === 0) throw new InputError(`${what}: its value has no axes`);
  if (shape.reduce((a, b) => a * b) > MAX_VALUE_ELEMENTS)
    throw new InputError(`${what}: its value [${shape}] has more than ${MAX_VALUE_ELEMENTS} elements`);
}
