import {
  type Graph,
  InputError,
  type Model,
  type Node,
  neededNodes,
  parametersOf,
  type Shape,
  sizeOf,
  soleReaders,
} from '@apb/core';

type LayerNode = Extract<Node, { op: 'conv2d' | 'dense' }>;
export type NormNode = Extract<Node, { op: 'batchNorm' }>;

/** A layer whose weights will be compressed. */
export interface Layer {
  readonly node: LayerNode;
  /** The batch norm that alone reads it, which can take a scale and a shift of every channel. */
  readonly norm?: NormNode;
  readonly shape: Shape;
  /** Output channels, and weights of each, k over (kh, kw, c of the group). */
  readonly rows: number;
  readonly k: number;
  readonly groups: number;
}

/** What becomes of the layers of a model, in the graph's order. */
export interface Decision {
  readonly node: LayerNode;
  readonly layer?: Layer;
  /** Why it stays as it is. */
  readonly reason?: string;
}

/**
 * Decides which layers are compressed: all with float weights but the first convolution and the layers that make the
 * output, as in the paper (Nardini et al., arXiv 2306.08960), or but those that are named.
 * @throws InputError for names that no layer has, and when nothing is left
 */
export function decide(model: Model, keep?: readonly string[]): Decision[] {
  const nodes = neededNodes(model.graph);
  const layers = nodes.filter(isLayer);
  const names = layers.map(node => node.name);
  const unknown = keep?.find(name => !names.includes(name));
  if (unknown !== undefined)
    throw new InputError(
      `there is no layer ${JSON.stringify(unknown)} to keep; the layers are ${names.join(', ') || 'none'}`,
    );
  const kept = reasonsToKeep(model.graph, layers, keep);
  const readers = soleReaders(nodes);
  const decisions = layers.map((node): Decision => {
    const reason = kept.get(node.name) ?? obstacleOf(node, model);
    return reason ? { node, reason } : { node, layer: layerOf(node, model, readers) };
  });
  if (decisions.every(d => !d.layer))
    throw new InputError(
      `the model has no layer to compress: ${decisions.map(d => `${d.node.name} ${d.reason}`).join('; ') || 'it has no convolution and no dense layer'}`,
    );
  return decisions;
}

function isLayer(node: Node): node is LayerNode {
  return node.op === 'conv2d' || node.op === 'dense';
}

function reasonsToKeep(
  graph: Graph,
  layers: readonly LayerNode[],
  keep?: readonly string[],
): Map<string, string> {
  if (keep) return new Map(keep.map(name => [name, 'stays as asked']));
  const last = makersOfOutput(graph).map((name): [string, string] => [name, 'makes the output']);
  const first = layers.find(node => node.op === 'conv2d');
  return new Map(first ? [...last, [first.name, 'is the first convolution']] : last);
}

/** Layers between which and the output no other stands. */
function makersOfOutput({ nodes, output }: Graph): string[] {
  const reached = new Set([output]);
  const makers: string[] = [];
  for (const node of nodes.toReversed()) {
    if (!reached.has(node.name)) continue;
    if (isLayer(node)) makers.push(node.name);
    else for (const input of node.inputs) reached.add(input);
  }
  return makers;
}

function obstacleOf(node: LayerNode, { graph, weights }: Model): string | undefined {
  const { encoding, shape } = weights[node.weights];
  if (encoding !== 'float') return `is ${encoding} already`;
  if (usesOf(node.weights, graph) > 1) return 'shares its weights with another node';
  return sizeOf(shape) < 2 ? 'has a single weight' : undefined;
}

function usesOf(parameter: string, { nodes }: Graph): number {
  return nodes.flatMap(parametersOf).filter(name => name === parameter).length;
}

function layerOf(node: LayerNode, { graph, weights }: Model, readers: ReadonlyMap<string, Node>): Layer {
  const { shape } = weights[node.weights];
  const reader = node.name === graph.output ? undefined : readers.get(node.name);
  const ownNorm =
    reader?.op === 'batchNorm' && parametersOf(reader).every(name => usesOf(name, graph) === 1)
      ? reader
      : undefined;
  return {
    node,
    ...(ownNorm && { norm: ownNorm }),
    shape,
    rows: shape[0],
    k: sizeOf(shape.slice(1)),
    groups: node.op === 'conv2d' ? node.groups : 1,
  };
}
