import type { Quantizer } from '../backend/quantizer.js';
import { InputError } from '../errors.js';
import type { Graph, Node } from '../graph/graph.js';
import type { InputDescription, ValueType } from '../graph/model.js';
import * as s from './schema.js';

/** The JSON documents in a model file's metadata, as readers of untrusted values. */

const f = Math.fround;
const positive = s.integer(1);
const pair = s.list(positive, 2) as s.Reader<[number, number]>;
const pads = s.list(s.integer(0), 4) as s.Reader<[number, number, number, number]>;

/** `inv` must be what every backend would compute, so that no code exceeds 2^bits - 1. */
const quantizer: s.Reader<Quantizer> = (value, what) => {
  const q = s.variant<Quantizer>('kind', {
    sign: { scale: s.positiveFloat32 },
    code: {
      bits: s.oneOf(1, 2, 4, 8),
      lo: s.float32,
      hi: s.float32,
      inv: s.positiveFloat32,
      base: s.float32,
      step: s.positiveFloat32,
    },
  })(value, what);
  if (q.kind === 'sign') return q;
  const width = f(q.hi - q.lo);
  if (!(width > 0) || !Number.isFinite(width))
    throw new InputError(`${what} has the empty interval [${q.lo}, ${q.hi}]`);
  const inv = f((2 ** q.bits - 1) / width);
  if (q.inv !== inv) throw new InputError(`inv of ${what} is ${q.inv}, but lo, hi and bits make it ${inv}`);
  return q;
};

const nodeBase = { name: s.name, inputs: s.list(s.name) };

const anyNode = s.variant<Node>('op', {
  conv2d: {
    ...nodeBase,
    weights: s.name,
    bias: s.optional(s.name),
    strides: pair,
    dilations: pair,
    pads,
    groups: positive,
  },
  dense: { ...nodeBase, weights: s.name, bias: s.optional(s.name) },
  batchNorm: { ...nodeBase, gamma: s.name, beta: s.name, mean: s.name, variance: s.name, epsilon: s.finite },
  quantize: { ...nodeBase, quantizer },
  relu: nodeBase,
  clamp: { ...nodeBase, min: s.float32, max: s.float32 },
  prelu: { ...nodeBase, slopes: s.name },
  maxPool: { ...nodeBase, window: pair, strides: pair, pads },
  avgPool: { ...nodeBase, window: pair, strides: pair, pads, countPadding: s.boolean },
  globalAvgPool: nodeBase,
  add: nodeBase,
  subsample: { ...nodeBase, strides: pair },
  padChannels: { ...nodeBase, before: s.integer(0), after: s.integer(0) },
  flatten: nodeBase,
  softmax: nodeBase,
});

const node: s.Reader<Node> = (value, what) => {
  const name = (value as { name?: unknown } | null | undefined)?.name;
  const label = typeof name === 'string' ? `node ${s.show(name)}` : what;
  const read = anyNode(value, label);
  if (read.op === 'clamp' && read.min > read.max)
    throw new InputError(`${label} has the empty interval [${read.min}, ${read.max}]`);
  return read;
};

/** Types and ranges only; names, order and shapes are checked by inferShapes. */
export const graph = s.object<Graph>({ inputShape: s.shape, nodes: s.list(node), output: s.name });

export const inputDescription: s.Reader<InputDescription> = (value, what) => {
  const input = s.object<InputDescription>({
    shape: s.shape,
    mean: s.list(s.finite),
    std: s.list(s.finite),
    resize: s.variant('rule', { exact: {}, stretch: {}, crop: { size: positive } }),
  })(value, what);
  const { shape, mean, std, resize } = input;
  const channels = shape[shape.length - 1];
  for (const [key, values] of [
    ['mean', mean],
    ['std', std],
  ] as const)
    if (values.length !== channels)
      throw new InputError(`${key} of ${what} has ${values.length} items, not one per channel (${channels})`);
  if (std.some(x => !(f(x) > 0)))
    throw new InputError(`std of ${what} holds a value that is not greater than 0`);
  // As pixelTable computes: the darkest and the brightest pixel bound the others.
  if (mean.some((m, c) => [0, 1].some(p => !Number.isFinite(f(f(p - f(m)) / f(std[c]))))))
    throw new InputError(`mean and std of ${what} do not give finite pixels`);
  if (resize.rule === 'crop' && (shape.length !== 3 || resize.size < Math.max(shape[0], shape[1])))
    throw new InputError(
      `resize of ${what} cannot cut [${shape}] out of pictures whose shorter side is ${resize.size}`,
    );
  return input;
};

export const classes = s.list(s.text);
export const provenance = s.dictionary(s.text);

/** How a parameter is stored: its logical shape and the tensors that hold its parts. */
export type Descriptor = { readonly shape: number[]; readonly parts: Readonly<Record<string, string>> } & (
  | { readonly encoding: 'float' | 'binary' | 'ternary' }
  | { readonly encoding: 'apb' | 'sparse'; readonly valueType: ValueType }
  | { readonly encoding: 'kbit'; readonly bits: number }
  | { readonly encoding: 'sparseKbit'; readonly bits: number; readonly count: number }
);

const base = { shape: s.shape, parts: s.dictionary(s.name) };
const withValues = { ...base, valueType: s.oneOf<ValueType>('float32', 'float16') };

export const descriptors = s.dictionary(
  s.variant<Descriptor>('encoding', {
    float: base,
    apb: withValues,
    binary: base,
    ternary: base,
    kbit: { ...base, bits: s.integer(1, 8) },
    sparse: withValues,
    sparseKbit: { ...base, bits: s.integer(1, 8), count: s.integer(0) },
  }),
);
