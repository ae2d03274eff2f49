import {
  type ApbWeights,
  dequantizeValue,
  encodingOf,
  INPUT,
  type Model,
  type Node,
  outputSize,
  type Pads,
  type Pair,
  packCodes,
  packSigns,
  type Quantizer,
  type Shape,
  sizeOf,
  type Tensor,
  tensor,
  uniformQuantizer,
  type WeightData,
} from '@apb/core';
import { ModelBuilder, random } from './build.js';

type Part = Node extends infer N ? (N extends Node ? Omit<N, 'name' | 'inputs'> : never) : never;
type ConvNode = Extract<Part, { op: 'conv2d' }>;
type Geometry = Omit<ConvNode, 'op' | 'weights' | 'bias'> & { readonly kernel: Pair };

/** A value of the graph that is being drawn. */
interface Value {
  readonly name: string;
  readonly shape: Shape;
  /** Present where the value is planes. */
  readonly quantizer?: Quantizer;
}

export interface RandomGraph {
  readonly seed: number;
  /** Every product's input is quantized and nothing else rounds freely: results are fixed to the bit. */
  readonly exact: boolean;
  readonly model: Model;
  readonly batch: Tensor;
}

/** Around the widths of words, panels and vectors. */
const CHANNELS = [1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65];
/** Products of one layer and picture, so that the reference takes milliseconds. */
const MAX_PRODUCTS = 1e6;
const PICTURES = 3;

export function randomGraph(seed: number): RandomGraph {
  const exact = seed % 5 < 3;
  const generator = new Generator(seed, exact);
  const model = generator.model();
  return { seed, exact, model, batch: generator.batch(model) };
}

/** One line for each node, without what follows from its inputs. */
export function describeGraph({ seed, exact, model }: RandomGraph): string {
  const lines = model.graph.nodes.map(({ name, inputs, ...rest }) => {
    const weights = 'weights' in rest ? model.weights[rest.weights] : undefined;
    const of = weights ? ` ${weights.encoding} [${weights.shape}]` : '';
    return `  ${name}(${inputs}) ${JSON.stringify(rest)}${of}`;
  });
  const kind = exact ? 'quantized products only' : 'float products too';
  return [`graph of seed ${seed}, ${kind}, input [${model.graph.inputShape}]`, ...lines].join('\n');
}

class Generator {
  private readonly next: () => number;
  private readonly b: ModelBuilder;
  private readonly values: Value[];
  private readonly read = new Set<string>();
  /** All parameters are small multiples of powers of two, so that inner values meet thresholds exactly. */
  private readonly dyadic: boolean;

  constructor(
    seed: number,
    private readonly exact: boolean,
  ) {
    this.next = random(seed);
    this.dyadic = this.chance(0.5);
    const shape = this.chance(0.12)
      ? [this.pick([1, 31, 64, 65, 100, 257])]
      : [this.int(1, 11), this.int(2, 9), this.pick(CHANNELS)];
    this.b = new ModelBuilder(shape, seed);
    this.values = [{ name: INPUT, shape }];
  }

  model(): Model {
    const blocks = this.int(3, 7);
    for (let i = 0; i < blocks; i++) {
      const value = this.recent();
      if (value.shape.length === 3) this.pictureBlock(value);
      else this.vectorBlock(value);
    }
    const value = this.recent();
    if (value.shape.length === 3 && this.chance(0.7)) this.vectorBlock(this.flat(value));
    if (!this.exact && this.chance(0.4)) this.node(this.last(), { op: 'softmax' });
    if (this.last().name === INPUT) this.activation(this.last());
    return this.b.model(this.last().name);
  }

  /** Values on, beside and between the thresholds of all quantizers that see the input, and both zeros. */
  batch({ graph }: Model): Tensor {
    const special = graph.nodes.flatMap(node =>
      node.op === 'quantize' && node.inputs[0] === INPUT ? thresholds(node.quantizer) : [],
    );
    special.push(0, -0, 2 ** -149, -(2 ** -149), 1, -1);
    const shape = [PICTURES, ...graph.inputShape];
    return tensor(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () =>
        this.chance(0.6) ? this.pick(special) : this.between(-2, 2.5),
      ),
    );
  }

  // Blocks

  private pictureBlock(value: Value): void {
    const draw = this.next();
    if (draw < 0.6) this.layer(value);
    else if (draw < 0.72) this.pool(value);
    else if (draw < 0.78) this.node(value, { op: 'subsample', strides: [this.int(1, 3), this.int(1, 2)] });
    else if (draw < 0.84) this.padChannels(value);
    else if (draw < 0.9) this.join(value);
    else if (draw < 0.94) this.norm(value);
    else if (draw < 0.98) this.activation(value);
    else this.quantize(value);
  }

  private vectorBlock(value: Value): void {
    const draw = this.next();
    if (draw < 0.7) this.layer(value);
    else if (draw < 0.8) this.join(value);
    else if (draw < 0.86) this.norm(value);
    else if (draw < 0.92) this.activation(value);
    else if (draw < 0.96) this.padChannels(value);
    else if (!this.exact) this.node(value, { op: 'softmax' });
    else this.quantize(value);
  }

  private flat(value: Value): Value {
    return this.node(value, { op: this.chance(0.6) ? 'flatten' : 'globalAvgPool' });
  }

  /** A product with any part of what an epilogue can hold behind it. */
  private layer(source: Value): void {
    const input = this.exact || this.chance(0.6) ? this.planes(source) : source;
    const geometry = input.shape.length === 3 ? this.geometry(input.shape) : undefined;
    const outputs = this.outputs(input.shape, geometry);
    let value = this.normed(this.product(input, outputs, geometry));
    if (this.chance(0.5)) value = this.add(value, this.residual(input, value, outputs, geometry));
    if (this.chance(0.5)) value = this.activation(value);
    if (this.chance(0.5)) this.quantize(value);
  }

  /** Some value of the same shape, or a second layer beside the first. */
  private residual(input: Value, value: Value, outputs: number, geometry?: Geometry): Value {
    const others = this.values.filter(v => v.name !== value.name && sameAxes(v.shape, value.shape));
    return others.length ? this.pick(others) : this.normed(this.product(input, outputs, geometry));
  }

  private product(input: Value, outputs: number, geometry?: Geometry): Value {
    const weights = this.b.name('weights');
    const inputs = sizeOf(input.shape);
    const shape = geometry
      ? [outputs, ...geometry.kernel, input.shape[2] / geometry.groups]
      : [outputs, inputs];
    this.b.weights[weights] = this.weights(shape, input.quantizer);
    const bias = this.chance(0.4)
      ? { bias: this.vector('bias', outputs, () => this.number(-2, 2)) }
      : undefined;
    if (!geometry) return this.node(input, { op: 'dense', weights, ...bias });
    const { kernel: _, ...rest } = geometry;
    return this.node(input, { op: 'conv2d', weights, ...bias, ...rest });
  }

  private join(value: Value): void {
    const others = this.values.filter(v => sameAxes(v.shape, value.shape));
    this.add(value, this.pick(others));
  }

  // Nodes

  private add(a: Value, b: Value): Value {
    const [first, second] = this.chance(0.5) ? [a, b] : [b, a];
    return this.node(first, { op: 'add' }, second);
  }

  private normed(value: Value): Value {
    return this.chance(0.6) ? this.norm(value) : value;
  }

  /** Scales of either sign, and both zeros. */
  private norm(value: Value): Value {
    const channels = value.shape[value.shape.length - 1];
    const gamma = () => (this.chance(0.15) ? this.pick([0, -0]) : this.number(-2, 2));
    const variance = () => (this.dyadic ? this.pick([0.25, 1, 4]) : this.between(0.1, 2));
    return this.node(value, {
      op: 'batchNorm',
      gamma: this.vector('gamma', channels, gamma),
      beta: this.vector('beta', channels, () => this.number(-1, 1)),
      mean: this.vector('mean', channels, () => this.number(-1, 1)),
      variance: this.vector('variance', channels, variance),
      epsilon: this.dyadic ? 0 : 1e-3,
    });
  }

  private activation(value: Value): Value {
    const draw = this.next();
    if (draw < 0.35) return this.node(value, { op: 'relu' });
    if (draw < 0.65) {
      const bounds: Pair[] = [
        [0, 6],
        [-0.5, 2],
        [0.1, 0.7],
        [-1, 0],
      ];
      const [min, max] = this.pick(bounds);
      return this.node(value, { op: 'clamp', min, max });
    }
    const slope = () => (this.chance(0.1) ? this.pick([0, -0]) : this.number(-1.5, 1.5));
    const slopes = this.vector('slopes', value.shape[value.shape.length - 1], slope);
    return this.node(value, { op: 'prelu', slopes });
  }

  private pool(value: Value): void {
    const [h, w] = value.shape;
    const window: Pair = [this.int(1, Math.min(3, h)), this.int(1, Math.min(3, w))];
    const pads = [0, 1, 2, 3].map(side => this.int(0, window[side % 2] - 1)) as unknown as Pads;
    const pooling = { window, strides: [this.int(1, 3), this.int(1, 3)] as Pair, pads };
    if (this.chance(0.5)) this.node(value, { op: 'maxPool', ...pooling });
    else this.node(value, { op: 'avgPool', ...pooling, countPadding: this.chance(0.5) });
  }

  private padChannels(value: Value): void {
    this.node(value, { op: 'padChannels', before: this.int(0, 3), after: this.int(0, 3) });
  }

  /** The value as planes that were there before, or new ones. */
  private planes(value: Value): Value {
    if (value.quantizer) return value;
    const known = this.values.find(v => v.quantizer && this.sourceOf(v) === value.name);
    return known && this.chance(0.5) ? known : this.quantize(value);
  }

  private quantize(value: Value): Value {
    return this.node(value, { op: 'quantize', quantizer: this.quantizer() });
  }

  private sourceOf({ name }: Value): string | undefined {
    return this.b.nodes.find(node => node.name === name)?.inputs[0];
  }

  private node(input: Value, part: Part, other?: Value): Value {
    const inputs = other ? [input.name, other.name] : [input.name];
    for (const name of inputs) this.read.add(name);
    const name = this.b.node({ name: this.b.name(part.op), inputs, ...part } as Node);
    const quantizer =
      part.op === 'quantize' ? part.quantizer : part.op === 'flatten' ? input.quantizer : undefined;
    const value = { name, shape: this.shapeOf(input.shape, part), ...(quantizer && { quantizer }) };
    this.values.push(value);
    return value;
  }

  private shapeOf(shape: Shape, part: Part): Shape {
    const [h, w, c] = shape;
    const windows = (window: Pair, strides: Pair, dilations: Pair, pads: Pads) =>
      [0, 1].map(i => outputSize(shape[i], window[i], strides[i], dilations[i], pads[i], pads[i + 2]));
    switch (part.op) {
      case 'conv2d': {
        const [outputs, kh, kw] = this.b.weights[part.weights].shape;
        return [...windows([kh, kw], part.strides, part.dilations, part.pads), outputs];
      }
      case 'dense':
        return [this.b.weights[part.weights].shape[0]];
      case 'maxPool':
      case 'avgPool':
        return [...windows(part.window, part.strides, [1, 1], part.pads), c];
      case 'subsample':
        return [Math.ceil(h / part.strides[0]), Math.ceil(w / part.strides[1]), c];
      case 'padChannels':
        return [...shape.slice(0, -1), shape[shape.length - 1] + part.before + part.after];
      case 'flatten':
        return [sizeOf(shape)];
      case 'globalAvgPool':
        return [c];
      default:
        return shape;
    }
  }

  // What nodes are made of

  private geometry([h, w, c]: Shape): Geometry {
    const groups = this.pick([1, 1, 1, c, ...[2, 3, 4].filter(g => c % g === 0)]);
    const plain = { strides: [1, 1] as Pair, dilations: [1, 1] as Pair, groups };
    const draw = this.next();
    if (draw < 0.35) return { ...plain, kernel: [3, 3], pads: [1, 1, 1, 1] };
    if (draw < 0.45) return { ...plain, kernel: [1, 1], pads: [0, 0, 0, 0] };
    for (let tries = 0; tries < 50; tries++) {
      const kernel: Pair = [this.int(1, 5), this.int(1, 5)];
      const strides: Pair = [this.int(1, 3), this.int(1, 3)];
      const dilations: Pair = [this.int(1, 3), this.int(1, 3)];
      const pads: Pads = [this.int(0, 3), this.int(0, 3), this.int(0, 3), this.int(0, 3)];
      const fits = [h, w].every((size, i) => dilations[i] * (kernel[i] - 1) < size + pads[i] + pads[i + 2]);
      if (fits) return { kernel, strides, dilations, pads, groups };
    }
    return { ...plain, kernel: [1, 1], pads: [0, 0, 0, 0] };
  }

  /** Output channels, as many as there is time for. */
  private outputs(shape: Shape, geometry?: Geometry): number {
    if (!geometry) return this.pick(CHANNELS);
    const { kernel, groups } = geometry;
    const [h, w, c] = shape;
    const each = (h * w * kernel[0] * kernel[1] * c) / groups;
    const most = Math.max(1, Math.floor(MAX_PRODUCTS / each / groups));
    const wanted = groups === 1 ? this.pick([c, ...CHANNELS]) : this.int(1, groups === c ? 2 : 12);
    return Math.min(wanted, most) * groups;
  }

  private quantizer(): Quantizer {
    if (this.chance(0.3)) return { kind: 'sign', scale: this.dyadic ? 0.5 : this.between(0.2, 1.5) };
    const bits = this.pick([1, 2, 4, 8] as const);
    const lo = this.pick([0, 0, -0.5, this.number(-1.5, 0)]);
    const drawn = this.dyadic
      ? dyadicQuantizer(bits, lo, 2 ** this.int(-bits - 1, 1 - bits))
      : uniformQuantizer(bits, lo, lo + this.between(0.5, 3));
    // What codes stand for need not follow from the interval.
    return drawn.kind === 'code' && this.chance(0.3)
      ? { ...drawn, base: this.pick([0, this.number(-1, 1)]) }
      : drawn;
  }

  /** Weights of a kind that stays quantized with this input, or of any kind where float products are allowed. */
  private weights(shape: Shape, quantizer?: Quantizer): WeightData {
    const bits = quantizer?.kind === 'code' ? quantizer.bits : 1;
    const packed = ['apb', 'apb', 'apb', 'binary', bits < 8 ? 'kbit' : 'apb'] as const;
    const others = ['float', 'float', 'ternary', 'kbit3', 'sparse'] as const;
    return this.weightsOf(shape, this.pick(this.exact ? packed : [...packed, ...others]));
  }

  private weightsOf(
    shape: Shape,
    kind: 'apb' | 'binary' | 'kbit' | 'kbit3' | 'ternary' | 'sparse' | 'float',
  ): WeightData {
    const rows = shape[0];
    const k = sizeOf(shape) / rows;
    const scales = this.scales(rows, k);
    const latent = this.latent(rows * k);
    const signs = packSigns(latent, rows, k);
    const packed = (bits: number) =>
      packCodes(
        Uint8Array.from(latent, () => this.int(0, 2 ** bits - 1)),
        bits,
        rows,
        k,
      );
    switch (kind) {
      case 'apb':
        return { encoding: kind, shape, weights: this.apb(shape, signs, scales), valueType: 'float32' };
      case 'binary':
        return { encoding: kind, shape, signs, scales };
      case 'kbit':
        return { encoding: kind, shape, codes: packed(2), scales };
      case 'kbit3':
        return { encoding: 'kbit', shape, codes: packed(3), scales };
      case 'ternary': {
        const values = latent.map(v => (Math.abs(v) > 0.4 ? v : 0));
        const nonzero = packCodes(
          Uint8Array.from(values, v => Number(v !== 0)),
          1,
          rows,
          k,
        );
        return { encoding: kind, shape, nonzero, signs: packSigns(values, rows, k), scales };
      }
      case 'sparse': {
        const positions = Uint32Array.from(latent.keys()).filter(i => latent[i] > 0.3);
        const values = Float32Array.from(positions, i => latent[i]);
        return { encoding: kind, shape, positions, values, valueType: 'float32' };
      }
      case 'float':
        return { encoding: kind, shape, values: latent.map(v => v * scales[0]) };
    }
  }

  /** The sparse part: absent, a few weights, all of some rows, or the taps that meet the picture's borders. */
  private apb(shape: Shape, signs: ApbWeights['signs'], scales: Float32Array): ApbWeights {
    const { rows, k } = signs;
    const part = this.pick(['none', 'few', 'half', 'rows', 'all', 'borders'] as const);
    const rowsHit = Array.from({ length: rows }, () => this.chance(0.4));
    const share = { none: 0, few: 0.02, half: 0.5, rows: 1, all: 1, borders: 0.5 }[part];
    const positions = Uint32Array.from({ length: rows * k }, (_, i) => i).filter(i => {
      if (part === 'rows' && !rowsHit[Math.floor(i / k)]) return false;
      return (part !== 'borders' || onBorder(shape, i)) && this.chance(share);
    });
    const values = Float32Array.from(positions, () => 4 * scales[0] * this.number(-1, 1));
    return { signs, scales, positions, values };
  }

  /** About 1 / sqrt(k), so that sums fall into the quantizers' intervals; one for all rows or one for each. */
  private scales(rows: number, k: number): Float32Array {
    const typical = 2 ** -Math.round(Math.log2(k) / 2);
    const draw = () => typical * (this.dyadic ? this.pick([0.5, 1, 2]) : this.between(0.4, 2));
    return Float32Array.from({ length: this.chance(0.3) ? 1 : rows }, draw);
  }

  /** In [-1, 1], with both zeros among them. */
  private latent(length: number): Float32Array {
    return Float32Array.from({ length }, () => (this.chance(0.05) ? this.pick([0, -0]) : this.number(-1, 1)));
  }

  private vector(what: string, channels: number, value: () => number): string {
    const name = `${what}${Object.keys(this.b.weights).length}`;
    const values = Float32Array.from({ length: channels }, value);
    this.b.weights[name] = { encoding: 'float', shape: [channels], values };
    return name;
  }

  // Choices

  /** Mostly something that nothing has read yet, so that little of the graph is dead. */
  private recent(): Value {
    const unread = this.values.filter(({ name }) => !this.read.has(name));
    if (unread.length && this.chance(0.8)) return unread[unread.length - 1];
    return this.values[Math.max(0, this.values.length - this.int(1, 4))];
  }

  private last(): Value {
    return this.values[this.values.length - 1];
  }

  private chance(share: number): boolean {
    return this.next() < share;
  }

  /** Both ends included. */
  private int(lo: number, hi: number): number {
    return lo + Math.floor(this.next() * (hi - lo + 1));
  }

  private between(lo: number, hi: number): number {
    return Math.fround(lo + (hi - lo) * this.next());
  }

  /** A float32 value; a multiple of 1/8 in dyadic graphs. */
  private number(lo: number, hi: number): number {
    return this.dyadic ? this.int(lo * 8, hi * 8) / 8 : this.between(lo, hi);
  }

  private pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)];
  }
}

function dyadicQuantizer(bits: 1 | 2 | 4 | 8, lo: number, step: number): Quantizer {
  return { kind: 'code', bits, lo, hi: lo + step * (2 ** bits - 1), inv: 1 / step, base: lo, step };
}

/** Where the code changes, the float32 values beside it, and the values that codes stand for. */
function thresholds(q: Quantizer): number[] {
  if (q.kind === 'sign') return [0, -0, beside(0, 1), -beside(0, 1)];
  const codes = Array.from({ length: 2 ** q.bits }, (_, code) => code);
  const edges = codes.map(code => Math.fround(q.lo + (code + 0.5) / q.inv));
  return [
    ...edges.flatMap(x => [x, beside(x, 1), beside(x, -1)]),
    ...codes.map(code => dequantizeValue(code, encodingOf(q))),
    q.lo,
    q.hi,
  ];
}

/** The float32 value whose bits, as an integer, are `steps` further from zero. */
function beside(x: number, steps: number): number {
  const value = Float32Array.of(x);
  const bits = new Uint32Array(value.buffer);
  if ((bits[0] & 0x7fffffff) + steps >= 0) bits[0] += steps;
  return value[0];
}

/** Whether a weight belongs to an outer tap of its kernel; any weight of a dense layer does. */
function onBorder(shape: Shape, at: number): boolean {
  if (shape.length !== 4) return true;
  const [, kh, kw, c] = shape;
  const tap = Math.floor(at / c) % (kh * kw);
  const [y, x] = [Math.floor(tap / kw), tap % kw];
  return y === 0 || x === 0 || y === kh - 1 || x === kw - 1;
}

function sameAxes(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}
