import {
  INPUT,
  InputError,
  inferShapes,
  type Model,
  type Node,
  type Pads,
  type Pair,
  type Shape,
  sameShape,
  sizeOf,
  validateModel,
  type WeightData,
} from '@apb/core';
import { MAX_NAME, MAX_NODES } from './limits.js';

/** A value of the network that is being built. */
export interface Value {
  /** Of the node that makes it, or INPUT. */
  readonly name: string;
  /** Without the batch axis; pictures are [H, W, C]. */
  readonly shape: Shape;
  /** The node makes [C] where the value is [1, 1, C]: what a global pool leaves. */
  readonly pixel?: boolean;
  /** Zeros that stand around the picture and are still to go into the layer that reads it; `shape` is without them. */
  readonly pads?: Pads;
}

export interface Window {
  readonly strides: Pair;
  readonly pads: Pads;
}

type Body<T> = T extends Node ? Omit<T, 'name' | 'inputs'> : never;

const NO_PADS: Pads = [0, 0, 0, 0];

/**
 * Puts a network of @apb/core together from another format's layers, one at a time, each checked as it comes. Pictures
 * are NHWC and weights [out, kh, kw, in / groups] or [out, in] here, whatever they were.
 */
export class GraphBuilder {
  private readonly nodes: Node[] = [];
  private readonly weights: Record<string, WeightData> = {};
  private readonly names = new Set<string>([INPUT]);
  /** Values that have passed through a ReLU, or only been pooled since. */
  private readonly nonNegative = new Set<string>();
  private elements = 0;

  /**
   * @param inputShape without the batch axis
   * @param maxElements numbers that all parameters may have together, so that a small file cannot ask for much memory
   */
  constructor(
    private readonly inputShape: Shape,
    private readonly maxElements: number,
  ) {}

  get input(): Value {
    return { name: INPUT, shape: this.inputShape };
  }

  /** @param values [out, kh, kw, in / groups] */
  conv(
    name: string,
    x: Value,
    weights: { readonly shape: Shape; readonly values: Float32Array; readonly bias?: Float32Array },
    { strides, pads, dilations, groups }: Window & { readonly dilations: Pair; readonly groups: number },
  ): Value {
    const [out, kh, kw, c] = weights.shape;
    if (x.pixel) {
      if (kh !== 1 || kw !== 1 || groups !== 1 || pads.some(pad => pad > 0))
        throw new InputError(`${name}: a ${kh}x${kw} convolution of a single pixel cannot be imported`);
      const value = this.dense(name, { name: x.name, shape: [x.shape[2]] }, { ...weights, shape: [out, c] });
      return { name: value.name, shape: [1, 1, out], pixel: true };
    }
    const around = x.pads ?? NO_PADS;
    return this.layer(name, { name: x.name, shape: x.shape }, weights, parameters => ({
      op: 'conv2d',
      ...parameters,
      strides,
      dilations,
      pads: pads.map((pad, side) => pad + around[side]) as unknown as Pads,
      groups,
    }));
  }

  /** @param weights [out, in] */
  dense(
    name: string,
    x: Value,
    weights: { readonly shape: Shape; readonly values: Float32Array; readonly bias?: Float32Array },
  ): Value {
    return this.layer(name, x, weights, parameters => ({ op: 'dense', ...parameters }));
  }

  norm(
    name: string,
    x: Value,
    parts: {
      readonly gamma: Float32Array;
      readonly beta: Float32Array;
      readonly mean: Float32Array;
      readonly variance: Float32Array;
    },
    epsilon: number,
  ): Value {
    const own = this.unique(name);
    const vector = (part: keyof typeof parts) =>
      this.parameter(`${own}/${part}`, [parts[part].length], parts[part]);
    return this.put(own, [x], {
      op: 'batchNorm',
      gamma: vector('gamma'),
      beta: vector('beta'),
      mean: vector('mean'),
      variance: vector('variance'),
      epsilon,
    });
  }

  /** y = x * scale[c] + shift[c]: as a batch norm of mean 0 and variance 1, which folds to exactly these. */
  affine(name: string, x: Value, scale: Float32Array, shift: Float32Array): Value {
    const channels = scale.length;
    const parts = { gamma: scale, beta: shift, mean: new Float32Array(channels), variance: ones(channels) };
    return this.norm(name, x, parts, 0);
  }

  prelu(name: string, x: Value, slopes: Float32Array): Value {
    const own = this.unique(name);
    return this.put(own, [x], {
      op: 'prelu',
      slopes: this.parameter(`${own}/slopes`, [slopes.length], slopes),
    });
  }

  relu(name: string, x: Value): Value {
    return this.put(this.unique(name), [x], { op: 'relu' });
  }

  clamp(name: string, x: Value, min: number, max: number): Value {
    return this.put(this.unique(name), [x], { op: 'clamp', min: Math.fround(min), max: Math.fround(max) });
  }

  softmax(name: string, x: Value): Value {
    return this.put(this.unique(name), [x], { op: 'softmax' });
  }

  add(name: string, a: Value, b: Value): Value {
    if (!sameShape(a.shape, b.shape) || a.pixel !== b.pixel)
      throw new InputError(
        `${name}: it adds [${a.shape}] and [${b.shape}]; only values of one shape can be added`,
      );
    return this.put(this.unique(name), [a, b], { op: 'add' });
  }

  maxPool(name: string, x: Value, window: Pair, { strides, pads }: Window): Value {
    const around = x.pads ?? NO_PADS;
    if (around.some(pad => pad > 0) && (pads.some(pad => pad > 0) || !this.nonNegative.has(x.name)))
      throw new InputError(
        `${name}: zeros around a picture that may have negative values cannot be imported into a max pool`,
      );
    // No zero is larger than the largest of values from 0 on.
    const all = around.some(pad => pad > 0) ? around : pads;
    return this.put(this.unique(name), [{ name: x.name, shape: x.shape }], {
      op: 'maxPool',
      window,
      strides,
      pads: all,
    });
  }

  avgPool(name: string, x: Value, window: Pair, { strides, pads }: Window, countPadding: boolean): Value {
    const around = x.pads ?? NO_PADS;
    const padded = around.some(pad => pad > 0);
    if (padded && !countPadding && pads.some(pad => pad > 0))
      throw new InputError(
        `${name}: padding that counts and padding that does not cannot be imported together`,
      );
    return this.put(this.unique(name), [{ name: x.name, shape: x.shape }], {
      op: 'avgPool',
      window,
      strides,
      pads: pads.map((pad, side) => pad + around[side]) as unknown as Pads,
      countPadding: countPadding || padded,
    });
  }

  /** [H, W, C] -> [1, 1, C] */
  globalAvgPool(name: string, x: Value): Value {
    const { name: own, shape } = this.put(this.unique(name), [x], { op: 'globalAvgPool' });
    return { name: own, shape: [1, 1, ...shape], pixel: true };
  }

  subsample(name: string, x: Value, strides: Pair): Value {
    return this.put(this.unique(name), [x], { op: 'subsample', strides });
  }

  padChannels(name: string, x: Value, before: number, after: number): Value {
    return this.put(this.unique(name), [x], { op: 'padChannels', before, after });
  }

  flatten(name: string, x: Value): Value {
    if (x.pixel) return { name: x.name, shape: [x.shape[2]] };
    return x.shape.length === 1 ? x : this.put(this.unique(name), [x], { op: 'flatten' });
  }

  /** Zeros around a picture, kept until a layer can take them. */
  pad(name: string, x: Value, pads: Pads): Value {
    if (x.shape.length !== 3 || x.pixel)
      throw new InputError(`${name}: only pictures can be padded, not [${x.shape}]`);
    if (pads.some(pad => !Number.isInteger(pad) || pad < 0))
      throw new InputError(`${name}: pads [${pads}] must be integers of at least 0`);
    const before = x.pads ?? NO_PADS;
    return { ...x, pads: pads.map((pad, side) => pad + before[side]) as unknown as Pads };
  }

  /** Gives a convolution or dense layer that nothing else has read a bias; false where there is none to give it to. */
  addBias(x: Value, bias: Float32Array): boolean {
    const at = this.nodes.findLastIndex(node => node.name === x.name);
    const node = this.nodes[at];
    if ((node?.op !== 'conv2d' && node?.op !== 'dense') || node.bias !== undefined) return false;
    const rows = this.weights[node.weights].shape[0];
    if (bias.length !== rows) return false;
    this.nodes[at] = { ...node, bias: this.parameter(`${node.name}/bias`, [rows], bias) };
    return true;
  }

  /** Adds to the shift of an affine step that nothing else has read; false where there is none. */
  addShift(x: Value, shift: Float32Array): boolean {
    const node = this.nodes.findLast(n => n.name === x.name);
    if (node?.op !== 'batchNorm') return false;
    const beta = this.weights[node.beta] as { values: Float32Array };
    if (beta.values.length !== shift.length || beta.values.some(v => v !== 0)) return false;
    beta.values.set(shift);
    return true;
  }

  /** @throws InputError naming what does not fit */
  model(output: Value, rest: Omit<Model, 'graph' | 'weights'>): Model {
    if (output.pads)
      throw new InputError(`the output "${output.name}" is a padded picture, which no layer reads`);
    if (output.name === INPUT) throw new InputError('the network has no layer: its output is its input');
    const graph = { inputShape: this.inputShape, nodes: this.nodes, output: output.name };
    return validateModel({ graph, weights: this.weights, ...rest });
  }

  private layer(
    name: string,
    x: Value,
    { shape, values, bias }: { shape: Shape; values: Float32Array; bias?: Float32Array },
    body: (parameters: { weights: string; bias?: string }) => Body<Node>,
  ): Value {
    const own = this.unique(name);
    const weights = this.parameter(`${own}/kernel`, shape, values);
    const biased = bias && { bias: this.parameter(`${own}/bias`, [bias.length], bias) };
    return this.put(own, [x], body({ weights, ...biased }));
  }

  private put(name: string, inputs: readonly Value[], body: Body<Node>): Value {
    if (this.nodes.length >= MAX_NODES)
      throw new InputError(`${name}: the network has more than ${MAX_NODES} layers`);
    const [x] = inputs;
    if (x.pads?.some(pad => pad > 0))
      throw new InputError(`${name}: zeros around the picture before a ${body.op} cannot be imported`);
    const given = x.pixel ? [x.shape[2]] : x.shape;
    const node = { ...body, name, inputs: inputs.map(input => input.name) } as Node;
    // Checked alone, on an input of that shape, so that a network of n layers takes n steps.
    const alone = { ...node, inputs: inputs.map(() => INPUT) };
    const shapes = inferShapes({ inputShape: given, nodes: [alone], output: name }, this.shapes());
    this.nodes.push(node);
    if (isNonNegative(node) || (isPool(node) && this.nonNegative.has(x.name))) this.nonNegative.add(name);
    const shape = shapes.get(name) as Shape;
    return x.pixel ? { name, shape: [1, 1, ...shape], pixel: true } : { name, shape };
  }

  private shapes(): ReadonlyMap<string, Shape> {
    const { weights } = this;
    return { get: (name: string) => weights[name]?.shape } as ReadonlyMap<string, Shape>;
  }

  private parameter(wanted: string, shape: Shape, values: Float32Array): string {
    if (sizeOf(shape) !== values.length)
      throw new InputError(`${wanted}: its shape [${shape}] does not hold ${values.length} values`);
    const wrong = values.findIndex(v => !Number.isFinite(v));
    if (wrong >= 0) throw new InputError(`${wanted}: value ${wrong} is ${values[wrong]}; all must be finite`);
    this.elements += values.length;
    if (this.elements > this.maxElements)
      throw new InputError(
        `${wanted}: the parameters grow beyond ${this.maxElements} numbers; the file is damaged`,
      );
    const name = this.unique(wanted);
    this.weights[name] = { encoding: 'float', shape, values };
    return name;
  }

  /** A name like `wanted` that nothing has yet and that a model file takes. */
  private unique(wanted: string): string {
    const usable =
      wanted
        .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '_')
        .slice(0, MAX_NAME)
        .replace(/\p{Cs}/gu, '_') || 'layer';
    const start = usable === '__proto__' ? '_' : usable;
    let name = start;
    for (let i = 2; this.names.has(name); i++) name = `${start}.${i}`;
    this.names.add(name);
    return name;
  }
}

function isNonNegative(node: Node): boolean {
  return node.op === 'relu' || node.op === 'softmax' || (node.op === 'clamp' && node.min >= 0);
}

function isPool({ op }: Node): boolean {
  return op === 'maxPool' || op === 'avgPool';
}

export function ones(length: number): Float32Array {
  return new Float32Array(length).fill(1);
}

/** Moves axes: the value at [i0, i1, ...] of the result is that at the index whose axis perm[n] is i_n. */
export function transposed(values: Float32Array, shape: Shape, perm: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const out = new Float32Array(values.length);
  const sizes = perm.map(axis => shape[axis]);
  const steps = perm.map(axis => strides[axis]);
  const index = new Array<number>(perm.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = values[from];
    for (let axis = perm.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < sizes[axis]) break;
      from -= sizes[axis] * steps[axis];
      index[axis] = 0;
    }
  }
  return out;
}
