import { InputError, type Model } from '@apb/core';
import { GraphBuilder, type Value } from '../graphBuilder.js';
import { type InputNotes, inputOf } from '../inputDescription.js';
import { layers } from './layers.js';
import { readWeights, type Sibling, type Weight } from './manifest.js';
import { inputShape, isModel, type LayerConfig, record, type Topology, topologyOf } from './topology.js';

/** Deeper nesting of models in models is no network that anyone has built. */
const MAX_DEPTH = 8;

/** Uses of one layer double its numbers; real networks use a layer a few times. */
const MAX_USES = 8;

/**
 * A layers model of TensorFlow.js, or of Keras written by tensorflowjs_converter, as a model of @apb/core.
 * @param file model.json
 * @param sibling reads the shards beside it
 * @throws InputError naming the layer and what of it cannot be imported
 */
export async function importTfjs(file: Uint8Array, sibling: Sibling): Promise<{ model: Model } & InputNotes> {
  const document = parse(file);
  if (document.format === 'graph-model' || isGraph(document.modelTopology))
    throw new InputError(
      'it is a graph model, whose layers are dissolved into operations; give a layers model: model.save() in TensorFlow.js, or tensorflowjs_converter with --output_format=tfjs_layers_model',
    );
  if (!document.modelTopology)
    throw new InputError('it has no modelTopology, so it is no model.json of TensorFlow.js');
  const { className, config } = rootOf(record(document.modelTopology, 'the model'));
  const topology = topologyOf(className, config);
  const weights = await readWeights(document.weightsManifest, sibling);
  const shape = inputShape(topology);
  const total = Array.from(weights.values()).reduce((sum, { values }) => sum + values.length, 0);
  const builder = new GraphBuilder(shape, 2 ** 20 + MAX_USES * total);
  const output = new ModelReader(weights, builder).apply(topology, builder.input, '', 0);
  const { userDefinedMetadata } = document;
  const metadata = new Map(Object.entries((userDefinedMetadata as object | undefined) ?? {}));
  const { input, classes, notes } = inputOf(shape, metadata);
  return { model: builder.model(output, { input, classes, provenance: {} }), notes };
}

function parse(file: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file)), 'model.json');
  } catch {
    throw new InputError('it is no valid JSON document');
  }
}

function isGraph(topology: unknown): boolean {
  return Array.isArray((topology as { node?: unknown } | null | undefined)?.node);
}

/** TensorFlow.js has the model itself there, or under model_config beside Keras' version and training settings. */
function rootOf(topology: Readonly<Record<string, unknown>>): { className: string; config: unknown } {
  const root = topology.model_config ? record(topology.model_config, 'the model') : topology;
  return { className: String(root.class_name), config: root.config };
}

class ModelReader {
  constructor(
    private readonly weights: ReadonlyMap<string, Weight>,
    private readonly builder: GraphBuilder,
  ) {}

  /** Adds a model's layers, those of the models in it too. @param prefix of its layers' names */
  apply(topology: Topology, input: Value, prefix: string, depth: number): Value {
    if (depth > MAX_DEPTH) throw new InputError(`models are nested deeper than ${MAX_DEPTH}`);
    const values = new Map([[key(topology.input, 0), input]]);
    const waiting = topology.layers
      .filter(layer => layer.name !== topology.input)
      .flatMap(layer => layer.inbound.map((from, node) => ({ layer, node, from })));
    const wanted = key(topology.output.layer, topology.output.node);
    let rest = waiting;
    while (!values.has(wanted)) {
      const later: typeof waiting = [];
      for (const use of rest) {
        const inputs = use.from.map(({ layer, node }) => values.get(key(layer, node)));
        if (inputs.some(value => value === undefined)) later.push(use);
        else
          values.set(key(use.layer.name, use.node), this.layer(use.layer, inputs as Value[], prefix, depth));
      }
      if (later.length === rest.length)
        throw new InputError(
          `the output ${JSON.stringify(topology.output.layer)} cannot be reached: ${later.length > 0 ? `layer ${JSON.stringify(later[0].layer.name)} waits for a value that no layer makes` : 'no such layer is there'}`,
        );
      rest = later;
    }
    return values.get(wanted) as Value;
  }

  private layer(layer: LayerConfig, inputs: readonly Value[], prefix: string, depth: number): Value {
    const { className, name, config } = layer;
    const what = `layer ${className} ${JSON.stringify(name)}`;
    if (isModel(className)) {
      if (inputs.length !== 1) throw new InputError(`${what}: it has ${inputs.length} inputs, not one`);
      return this.apply(topologyOf(className, config), inputs[0], `${prefix}${name}/`, depth + 1);
    }
    const make = Object.hasOwn(layers, className) ? layers[className] : undefined;
    if (!make)
      throw new InputError(
        `${what}: this class of layers cannot be imported; ${Object.keys(layers).sort().join(', ')} can`,
      );
    return make({
      name: `${prefix}${name}`,
      what,
      className,
      config,
      inputs,
      weight: array => this.weight(name, array, what),
      builder: this.builder,
    });
  }

  /** Arrays are called `layer/kernel`, by Keras also with the names of models and scopes around. */
  private weight(layer: string, array: string, what: string): Weight {
    const exact = this.weights.get(`${layer}/${array}`);
    if (exact) return exact;
    const found = [...this.weights].filter(([name]) => {
      const parts = name.replace(/:\d+$/, '').split('/');
      return parts[parts.length - 1] === array && parts.includes(layer);
    });
    if (found.length === 1) return found[0][1];
    throw new InputError(
      `${what}: its ${array} is ${found.length === 0 ? 'missing from' : 'ambiguous in'} weightsManifest`,
    );
  }
}

function key(layer: string, node: number): string {
  return `${layer}\n${node}`;
}
