import { InputError } from '@apb/core';
import { MAX_NODES } from '../limits.js';
import { listOf } from './manifest.js';

/** One layer of a model, as its configuration says. */
export interface LayerConfig {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** By use, the values that it takes: a layer and which of its uses. Empty for inputs. */
  readonly inbound: readonly (readonly Reference[])[];
}

interface Reference {
  readonly layer: string;
  readonly node: number;
}

export interface Topology {
  readonly layers: readonly LayerConfig[];
  readonly input: string;
  readonly output: Reference;
}

const MODELS = new Set(['Sequential', 'Functional', 'Model']);

export function isModel(className: string): boolean {
  return MODELS.has(className);
}

/**
 * Reads a model's configuration, as TensorFlow.js saves it and as tensorflowjs_converter writes it for Keras 2 and 3.
 * @throws InputError for what is no Sequential or functional model of one input and one output
 */
export function topologyOf(className: string, config: unknown): Topology {
  if (!isModel(className))
    throw new InputError(`a model of the class ${JSON.stringify(className)} cannot be imported`);
  const { layers: list } = Array.isArray(config) ? { layers: config } : record(config, 'the model');
  const given = listOf(list, 'layers');
  if (given.length > MAX_NODES) throw new InputError(`the model has more than ${MAX_NODES} layers`);
  const layers = given.map(layerConfig);
  const seen = new Set<string>();
  for (const { name } of layers) {
    if (seen.has(name)) throw new InputError(`two layers are called ${JSON.stringify(name)}`);
    seen.add(name);
  }
  return className === 'Sequential' ? sequential(layers) : functional(layers, record(config, 'the model'));
}

function sequential(layers: readonly LayerConfig[]): Topology {
  if (layers.length === 0) throw new InputError('the model has no layers');
  const chain = layers[0].className === 'InputLayer' ? layers : [inputLayerFor(layers[0]), ...layers];
  return {
    layers: chain.map((layer, i) => ({
      ...layer,
      inbound: i === 0 ? [] : [[{ layer: chain[i - 1].name, node: 0 }]],
    })),
    input: chain[0].name,
    output: { layer: chain[chain.length - 1].name, node: 0 },
  };
}

/** The first layer's configuration says the input's shape where no input layer does. */
function inputLayerFor(first: LayerConfig): LayerConfig {
  const nested = isModel(first.className) ? shapeInside(first) : undefined;
  const { batch_input_shape: shape = nested } = first.config;
  return { className: 'InputLayer', name: ' input', config: { batch_input_shape: shape }, inbound: [] };
}

function shapeInside(model: LayerConfig): unknown {
  const { layers, input } = topologyOf(model.className, model.config);
  return inputShapeOf(layers.find(layer => layer.name === input));
}

function inputShapeOf(layer: LayerConfig | undefined): unknown {
  return layer?.config.batch_input_shape ?? layer?.config.batch_shape;
}

function functional(layers: readonly LayerConfig[], config: Readonly<Record<string, unknown>>): Topology {
  const [input] = references(config.input_layers, 'input');
  const [output] = references(config.output_layers, 'output');
  return { layers, input: input.layer, output };
}

/** Keras writes a list of references, or one alone. */
function references(value: unknown, what: string): Reference[] {
  const list = Array.isArray(value) && typeof value[0] === 'string' ? [value] : value;
  if (!Array.isArray(list) || list.length !== 1)
    throw new InputError(
      `the model has ${Array.isArray(list) ? list.length : 'no'} ${what}s; one of one ${what} can be imported`,
    );
  return list.map(reference);
}

function reference(value: unknown): Reference {
  const [layer, node = 0, tensor = 0] = Array.isArray(value) ? value : [];
  if (typeof layer !== 'string' || !Number.isInteger(node) || tensor !== 0)
    throw new InputError(
      `a connection between layers cannot be read: ${JSON.stringify(value)?.slice(0, 80)}`,
    );
  return { layer, node };
}

function layerConfig(value: unknown): LayerConfig {
  const { class_name: className, config, name, inbound_nodes: inbound } = record(value, 'a layer');
  if (typeof className !== 'string') throw new InputError('a layer of the model has no class_name');
  const settings = Array.isArray(config) ? { layers: config } : record(config, `a ${className} layer`);
  const called = settings.name ?? name;
  if (typeof called !== 'string') throw new InputError(`a ${className} layer has no name`);
  return {
    className,
    name: called,
    config: settings as Readonly<Record<string, unknown>>,
    inbound: Array.isArray(inbound) ? inbound.map(node => inboundOf(node, called)) : [],
  };
}

/** Keras 2 and tfjs: [[layer, node, tensor, kwargs], ...]; Keras 3: {args, kwargs} that hold tensors. */
function inboundOf(node: unknown, layer: string): Reference[] {
  if (Array.isArray(node)) return (typeof node[0] === 'string' ? [node] : node).map(reference);
  const { args } = record(node, `a connection of layer ${JSON.stringify(layer)}`);
  return listOf(args, `args of layer ${JSON.stringify(layer)}`)
    .flat()
    .map(tensor => {
      const { config } = record(tensor, `an argument of layer ${JSON.stringify(layer)}`);
      return reference(record(config, `an argument of layer ${JSON.stringify(layer)}`).keras_history);
    });
}

export function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InputError(`the configuration of ${what} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

/** The shape that an input layer gives, without the batch axis. */
export function inputShape(topology: Topology): number[] {
  const layer = topology.layers.find(({ name }) => name === topology.input);
  const shape = inputShapeOf(layer);
  const rest = Array.isArray(shape) ? shape.slice(1) : [];
  if (rest.length === 0 || rest.some(d => !Number.isInteger(d) || d < 1))
    throw new InputError(
      `the input has the shape ${JSON.stringify(shape) ?? 'unknown'}; only fixed sizes beside the batch can be imported`,
    );
  return rest;
}
