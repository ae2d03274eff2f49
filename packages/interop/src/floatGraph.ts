import {
  type BatchNorm,
  denseValues,
  foldEpilogue,
  InputError,
  inferShapes,
  type Model,
  type Node,
  neededNodes,
  type Pads,
  type Pair,
  type Shape,
  soleReaders,
  validateModel,
  weightShapes,
} from '@apb/core';

/** y = fl(fl(x * scale[c]) + shift[c]), c the last axis. */
export interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

interface Layer {
  /** Row-major [outputs, k]; the convolution's k runs over (kh, kw, c of the group). */
  readonly weights: Float32Array;
  readonly weightShape: Shape;
  /** Whether the model holds these weights packed. */
  readonly compressed: boolean;
  /** Bias and batch norm, folded as the runtime folds them; absent when they change nothing. */
  readonly affine?: Affine;
}

interface FloatNodeBase {
  /** Name of the value it makes: of the batch norm's where a layer absorbed one. */
  readonly name: string;
  readonly inputs: readonly string[];
  /** Of the first input and of the value, without the batch axis. */
  readonly inputShape: Shape;
  readonly shape: Shape;
}

type Kept = Exclude<Node['op'], 'conv2d' | 'dense' | 'batchNorm' | 'prelu'>;

/** One step of a network on float32 values. */
export type FloatNode = FloatNodeBase &
  (
    | (Layer & {
        readonly op: 'conv2d';
        readonly strides: Pair;
        readonly dilations: Pair;
        readonly pads: Pads;
        readonly groups: number;
      })
    | (Layer & { readonly op: 'dense' })
    | { readonly op: 'affine'; readonly affine?: Affine }
    | { readonly op: 'prelu'; readonly slopes: Float32Array }
    | DistributiveOmit<Extract<Node, { op: Kept }>, 'name' | 'inputs'>
  );

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;
export type FloatNodeOf<K extends FloatNode['op']> = Extract<FloatNode, { op: K }>;

/** A network as its float32 values see it: what every exporter starts from. */
export interface FloatGraph {
  readonly inputShape: Shape;
  /** Every input comes before its use; nothing that the output does not need. */
  readonly nodes: readonly FloatNode[];
  readonly output: string;
}

/**
 * Recomposes a model's weights and folds its biases and batch norms, exactly where the runtime's planner does:
 * a batch norm goes into a layer that nothing else reads.
 * @throws InputError naming the node, parameter or field that is wrong
 */
export function floatGraph(unchecked: Model): FloatGraph {
  const model = validateModel(unchecked);
  const { graph } = model;
  const shapes = inferShapes(graph, weightShapes(model.weights));
  const nodes = neededNodes(graph);
  const norms = absorbedNorms(nodes);
  const absorbed = new Set<Node>(norms.values());
  return {
    inputShape: graph.inputShape,
    nodes: nodes
      .filter(node => !absorbed.has(node))
      .map(node => ({
        name: norms.get(node)?.name ?? node.name,
        inputs: node.inputs,
        inputShape: shapes.get(node.inputs[0]) as Shape,
        shape: shapes.get(node.name) as Shape,
        ...bodyOf(node, norms.get(node), model),
      })),
    output: graph.output,
  };
}

type NormNode = Extract<Node, { op: 'batchNorm' }>;

/** By layer, the batch norm that is its only reader. */
function absorbedNorms(nodes: readonly Node[]): Map<Node, NormNode> {
  const readers = soleReaders(nodes);
  const norms = new Map<Node, NormNode>();
  for (const layer of nodes) {
    const reader = readers.get(layer.name);
    if ((layer.op === 'conv2d' || layer.op === 'dense') && reader?.op === 'batchNorm')
      norms.set(layer, reader);
  }
  return norms;
}

/** What a node does, its parameters as numbers. */
function bodyOf(node: Node, norm: NormNode | undefined, model: Model): Record<string, unknown> & Body {
  const vector = (name: string) => denseValues(model.weights[name]);
  switch (node.op) {
    case 'conv2d':
    case 'dense': {
      const { name: _, inputs: __, bias, weights: parameter, ...rest } = node;
      const data = model.weights[parameter];
      return {
        ...rest,
        weights: denseValues(data),
        weightShape: data.shape,
        compressed: data.encoding !== 'float',
        affine: affineOf(
          node.name,
          data.shape[0],
          bias === undefined ? undefined : vector(bias),
          norm,
          vector,
        ),
      };
    }
    case 'batchNorm':
      return {
        op: 'affine',
        affine: affineOf(node.name, model.weights[node.gamma].shape[0], undefined, node, vector),
      };
    case 'prelu':
      return { op: 'prelu', slopes: vector(node.slopes) };
    default: {
      const { name: _, inputs: __, ...rest } = node;
      return rest;
    }
  }
}

type Body = DistributiveOmit<FloatNode, keyof FloatNodeBase>;

function affineOf(
  node: string,
  channels: number,
  bias: Float32Array | undefined,
  norm: NormNode | undefined,
  vector: (name: string) => Float32Array,
): Affine | undefined {
  const folded = foldEpilogue(channels, bias, norm && normOf(norm, vector));
  for (const part of [folded.scale, folded.shift]) {
    const channel = part.findIndex(v => !Number.isFinite(v));
    if (channel >= 0)
      throw new InputError(
        `node "${norm?.name ?? node}": its batch norm or bias folds to ${part[channel]} in channel ${channel}; check its variance and epsilon`,
      );
  }
  return folded.scale.some(v => v !== 1) || folded.shift.some(v => v !== 0) ? folded : undefined;
}

function normOf(node: NormNode, vector: (name: string) => Float32Array): BatchNorm {
  return {
    gamma: vector(node.gamma),
    beta: vector(node.beta),
    mean: vector(node.mean),
    variance: vector(node.variance),
    epsilon: node.epsilon,
  };
}
