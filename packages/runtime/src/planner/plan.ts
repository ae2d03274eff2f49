import {
  type Activation,
  type ConvGeometry,
  denseValues,
  type Epilogue,
  encodingOf,
  foldEpilogue,
  InputError,
  inferShapes,
  type Model,
  type Op,
  type Plan,
  type Shape,
  type WeightData,
  weightShapes,
} from '@apb/core';
import { PlanBuilder } from './builder.js';
import { type ActivationNode, type Chain, chainsOf, isActivation, type LayerNode } from './chains.js';
import { layerWeights } from './packed.js';

export interface PlanOptions {
  /**
   * Merges residuals, activations and quantizers into the layer before them (default true). Results have the
   * same bits either way: the epilogue does what the separate steps do, in their order. Bias and batch norm
   * always fold into the layer, since folding rounds differently from applying them one by one.
   */
  readonly fuse?: boolean;
}

/**
 * Turns a model into steps for kernel backends.
 * @throws InputError naming the node when the graph or a parameter does not fit
 */
export function planModel(model: Model, { fuse = true }: PlanOptions = {}): Plan {
  const { graph } = model;
  const context: Context = {
    shapes: inferShapes(graph, weightShapes(model.weights)),
    builder: new PlanBuilder(graph.inputShape),
    data: name => model.weights[name],
    vector: name => denseValues(model.weights[name]),
  };
  for (const chain of chainsOf(graph, fuse)) addChain(chain, context);
  return context.builder.finish(graph.output);
}

interface Context {
  /** Of every value, without the batch axis. */
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly builder: PlanBuilder;
  readonly data: (name: string) => WeightData;
  readonly vector: (name: string) => Float32Array;
}

function addChain(chain: Chain, context: Context): void {
  const { head } = chain;
  if (head.op === 'conv2d' || head.op === 'dense') addLayer(head, chain, context);
  else if (head.op === 'quantize') addQuantize(head, context);
  else if (head.op === 'flatten') addFlatten(head.name, head.inputs[0], context);
  else addFloatStep(chain, context);
}

function addLayer(head: LayerNode, chain: Chain, context: Context): void {
  const { builder, shapes } = context;
  const source = builder.value(head.inputs[0]);
  const spec = builder.spec(source);
  const data = context.data(head.weights);
  const { weights, activationBits } = layerWeights(data, spec.kind === 'planes' ? spec.encoding.bits : 32);
  const input = activationBits === 32 ? builder.floats(head.inputs[0]) : source;
  const geometry = head.op === 'conv2d' ? geometryOf(head, data.shape, spec.shape) : undefined;
  const use = { activationBits, ...(geometry && { geometry }) };
  const shape = valueShape(last(chain), shapes);
  builder.step(
    namesOf(chain),
    {
      op: head.op === 'conv2d' ? 'conv2d' : 'gemm',
      epilogue: epilogueOf(head, chain, data.shape[0], context),
    },
    chain.residual === undefined ? [input] : [input, builder.floats(chain.residual)],
    chain.quantize
      ? { kind: 'planes', shape, encoding: encodingOf(chain.quantize.quantizer) }
      : { kind: 'float', shape },
    builder.weightsFor(head.weights, use, () => weights),
  );
}

function geometryOf(node: LayerNode & { op: 'conv2d' }, weights: Shape, input: Shape): ConvGeometry {
  const { strides, dilations, pads, groups } = node;
  const [outChannels, kh, kw] = weights;
  return {
    inChannels: input[input.length - 1],
    outChannels,
    kernel: [kh, kw],
    strides,
    dilations,
    pads,
    groups,
  };
}

function epilogueOf(
  head: LayerNode,
  { norm, activation, quantize }: Chain,
  channels: number,
  context: Context,
): Epilogue {
  const bias = head.bias === undefined ? undefined : context.vector(head.bias);
  const folded = foldEpilogue(channels, bias, norm && normOf(norm, context));
  checkFolded(folded, norm?.name ?? head.name);
  return {
    ...folded,
    activation: activationOf(activation, context),
    ...(quantize && { quantizer: quantize.quantizer }),
  };
}

function normOf(norm: NonNullable<Chain['norm']>, { vector }: Context) {
  return {
    gamma: vector(norm.gamma),
    beta: vector(norm.beta),
    mean: vector(norm.mean),
    variance: vector(norm.variance),
    epsilon: norm.epsilon,
  };
}

function activationOf(node: ActivationNode | undefined, { vector }: Context): Activation {
  switch (node?.op) {
    case undefined:
      return { kind: 'none' };
    case 'relu':
      return { kind: 'relu' };
    case 'clamp':
      return { kind: 'clamp', min: Math.fround(node.min), max: Math.fround(node.max) };
    case 'prelu':
      return { kind: 'prelu', slopes: vector(node.slopes) };
  }
}

function addQuantize(node: Chain['head'] & { op: 'quantize' }, { builder, shapes }: Context): void {
  builder.step([node.name], { op: 'quantize', quantizer: node.quantizer }, [builder.floats(node.inputs[0])], {
    kind: 'planes',
    shape: valueShape(node.name, shapes),
    encoding: encodingOf(node.quantizer),
  });
}

/** Planes stay planes, so that a dense layer behind a flatten still meets them packed. */
function addFlatten(name: string, input: string, { builder, shapes }: Context): void {
  const source = builder.value(input);
  builder.step([name], { op: 'reshape' }, [source], {
    ...builder.spec(source),
    shape: valueShape(name, shapes),
  });
}

function addFloatStep(chain: Chain, context: Context): void {
  const { builder, shapes } = context;
  const inputs = chain.head.inputs.map(name => builder.floats(name));
  const shape = valueShape(last(chain), shapes);
  builder.step(namesOf(chain), floatOp(chain, context), inputs, { kind: 'float', shape });
}

function floatOp({ head, activation }: Chain, context: Context): Op {
  if (isActivation(head)) return { op: 'activate', activation: activationOf(head, context) };
  switch (head.op) {
    case 'batchNorm': {
      const norm = normOf(head, context);
      const folded = foldEpilogue(norm.gamma.length, undefined, norm);
      checkFolded(folded, head.name);
      return { op: 'affine', ...folded, activation: activationOf(activation, context) };
    }
    case 'add':
      return { op: 'add', activation: activationOf(activation, context) };
    case 'maxPool':
      return { op: 'maxPool', geometry: { window: head.window, strides: head.strides, pads: head.pads } };
    case 'avgPool': {
      const { window, strides, pads, countPadding } = head;
      return { op: 'avgPool', geometry: { window, strides, pads }, countPadding };
    }
    case 'globalAvgPool':
    case 'softmax':
      return { op: head.op };
    case 'subsample':
      return { op: 'subsample', strides: head.strides };
    case 'padChannels':
      return { op: 'padChannels', before: head.before, after: head.after };
    default:
      throw new InputError(
        `node "${head.name}": this version of @apb/runtime does not know ${head.op}; install the latest`,
      );
  }
}

/** A variance near 0 or huge gammas can overflow float32; that must not reach a kernel. */
function checkFolded({ scale, shift }: { scale: Float32Array; shift: Float32Array }, node: string): void {
  for (const vector of [scale, shift]) {
    const channel = vector.findIndex(v => !Number.isFinite(v));
    if (channel >= 0)
      throw new InputError(
        `node "${node}": its batch norm or bias folds to ${vector[channel]} in channel ${channel}; check its variance and epsilon`,
      );
  }
}

function namesOf(chain: Chain): string[] {
  return chain.nodes.map(node => node.name);
}

function last(chain: Chain): string {
  return chain.nodes[chain.nodes.length - 1].name;
}

function valueShape(name: string, shapes: ReadonlyMap<string, Shape>): Shape {
  const shape = shapes.get(name);
  if (!shape) throw new Error(`no shape was inferred for "${name}"`);
  return shape;
}
