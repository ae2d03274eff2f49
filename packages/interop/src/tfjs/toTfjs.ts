import { INPUT, type Model, type Shape } from '@apb/core';
import { floatGraph } from '../floatGraph.js';
import { metadataOf } from '../metadata.js';
import { TfBuilder } from './builder.js';
import { addNode } from './nodes.js';

/** Browsers cache files of this size; the format's own tools write the same. */
const SHARD_BYTES = 4 * 2 ** 20;

/**
 * A model as a TensorFlow.js graph model: the files of a folder by name, `model.json` and its weight shards, for
 * `tf.loadGraphModel`. Its input is float32 [N, ...model.input.shape], a batch of [N, H, W, C] pictures, normalised as
 * for our runtime. Weights are recomposed to float32. A graph model can run and cannot be trained further; a layers
 * model, which could, has no layers for our quantizers.
 * @throws InputError naming the node when the graph or a parameter does not fit
 */
export function toTfjs(model: Model): Map<string, Uint8Array> {
  const graph = floatGraph(model);
  const b = new TfBuilder();
  const names = new Map([[INPUT, b.unique(INPUT)]]);
  const named = (name: string) => names.get(name) as string;
  b.placeholder(named(INPUT), graph.inputShape);
  for (const node of graph.nodes) names.set(node.name, addNode(node, node.inputs.map(named), b));
  if (named(graph.output) === named(INPUT))
    names.set(graph.output, b.node(graph.output, 'Identity', [named(INPUT)]));
  const { shape } = graph.nodes[graph.nodes.length - 1];
  const shards = shardsOf(b.data);
  const paths = shards.map((_, i) => `group1-shard${i + 1}of${shards.length}.bin`);
  const json = {
    format: 'graph-model',
    generatedBy: 'apb',
    convertedBy: null,
    signature: {
      inputs: { [named(INPUT)]: tensorInfo(named(INPUT), graph.inputShape) },
      outputs: { [named(graph.output)]: tensorInfo(named(graph.output), shape) },
    },
    userDefinedMetadata: metadataOf(model),
    modelTopology: { node: b.nodes, library: {}, versions: { producer: 1882 } },
    weightsManifest: [{ paths, weights: b.weights }],
  };
  return new Map([
    ...shards.map((bytes, i) => [paths[i], bytes] as const),
    ['model.json', new TextEncoder().encode(JSON.stringify(json))],
  ]);
}

function tensorInfo(name: string, shape: Shape) {
  const dim = [-1, ...shape].map(size => ({ size: String(size) }));
  return { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: { dim } };
}

/** All bytes in a row, cut into files. */
function shardsOf(parts: readonly Uint8Array[]): Uint8Array[] {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  const count = Math.max(1, Math.ceil(all.length / SHARD_BYTES));
  return Array.from({ length: count }, (_, i) => all.slice(i * SHARD_BYTES, (i + 1) * SHARD_BYTES));
}
