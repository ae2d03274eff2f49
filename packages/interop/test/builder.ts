import {
  decompose,
  INPUT,
  type Model,
  type Node,
  type Pads,
  type Pair,
  packCodes,
  packSigns,
  type Quantizer,
  type Shape,
  sizeOf,
  type Tensor,
  tensor,
  type WeightData,
} from '@apb/core';

export type Packing = 'float' | 'apb' | 'binary' | 'ternary' | 'kbit' | 'sparse';

export interface ConvOptions {
  readonly packing?: Packing;
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pads?: Pads;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** mulberry32: seeded floats in [0, 1). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A random network, layer after layer; every method adds a node behind `last`, or behind the value it is given. */
export class NetBuilder {
  last = INPUT;
  private readonly nodes: Node[] = [];
  private readonly weights: Record<string, WeightData> = {};
  private readonly next: () => number;

  constructor(
    private readonly inputShape: Shape,
    seed: number,
  ) {
    this.next = random(seed);
  }

  conv(inChannels: number, outChannels: number, o: ConvOptions = {}): this {
    const { kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1, 1, 1], groups = 1 } = o;
    const name = this.name('conv');
    const weights = this.layer(
      `${name}/w`,
      [outChannels, ...kernel, inChannels / groups],
      o.packing ?? 'float',
    );
    const bias = o.bias ? { bias: this.vector(`${name}/bias`, outChannels, -0.5, 0.5) } : {};
    const inputs = [this.last];
    return this.add({ op: 'conv2d', name, inputs, weights, strides, dilations, pads, groups, ...bias });
  }

  dense(inputs: number, outputs: number, packing: Packing = 'float', biased = false): this {
    const name = this.name('dense');
    const weights = this.layer(`${name}/w`, [outputs, inputs], packing);
    const bias = biased ? { bias: this.vector(`${name}/bias`, outputs, -0.5, 0.5) } : {};
    return this.add({ op: 'dense', name, inputs: [this.last], weights, ...bias });
  }

  /** Scales negative, zero and positive. */
  norm(channels: number): this {
    const name = this.name('norm');
    const gamma = this.vector(`${name}/gamma`, channels, -1, 1);
    const scales = this.weights[gamma] as { values: Float32Array };
    if (channels > 2) scales.values.set([0, -0.7, 0.7]);
    return this.add({
      op: 'batchNorm',
      name,
      inputs: [this.last],
      gamma,
      beta: this.vector(`${name}/beta`, channels, -0.5, 0.5),
      mean: this.vector(`${name}/mean`, channels, -0.5, 0.5),
      variance: this.vector(`${name}/variance`, channels, 0.1, 1.1),
      epsilon: Math.fround(1e-3),
    });
  }

  prelu(channels: number): this {
    const name = this.name('prelu');
    const slopes = this.vector(`${name}/slopes`, channels, -0.9, 0.9);
    return this.add({ op: 'prelu', name, inputs: [this.last], slopes });
  }

  quantize(quantizer: Quantizer): this {
    return this.add({ op: 'quantize', name: this.name('quantize'), inputs: [this.last], quantizer });
  }

  maxPool(window: Pair, strides: Pair, pads: Pads): this {
    return this.add({
      op: 'maxPool',
      name: this.name('maxPool'),
      inputs: [this.last],
      window,
      strides,
      pads,
    });
  }

  avgPool(window: Pair, strides: Pair, pads: Pads, countPadding: boolean): this {
    const name = this.name('avgPool');
    return this.add({ op: 'avgPool', name, inputs: [this.last], window, strides, pads, countPadding });
  }

  clamp(min: number, max: number): this {
    return this.add({ op: 'clamp', name: this.name('clamp'), inputs: [this.last], min, max });
  }

  subsample(strides: Pair): this {
    return this.add({ op: 'subsample', name: this.name('subsample'), inputs: [this.last], strides });
  }

  padChannels(before: number, after: number): this {
    return this.add({ op: 'padChannels', name: this.name('pad'), inputs: [this.last], before, after });
  }

  plain(op: 'relu' | 'flatten' | 'globalAvgPool' | 'softmax'): this {
    return this.add({ op, name: this.name(op), inputs: [this.last] });
  }

  /** Adds `other` to the last value. */
  plus(other: string): this {
    return this.add({ op: 'add', name: this.name('add'), inputs: [this.last, other] });
  }

  /** Goes on behind another value. */
  from(value: string): this {
    this.last = value;
    return this;
  }

  model(output = this.last): Model {
    const channels = this.inputShape[this.inputShape.length - 1];
    return {
      graph: { inputShape: this.inputShape, nodes: this.nodes, output },
      weights: this.weights,
      input: {
        shape: this.inputShape,
        mean: new Array(channels).fill(0.5),
        std: new Array(channels).fill(0.25),
        resize: { rule: 'exact' },
      },
      classes: [],
      provenance: {},
    };
  }

  /** Values in [-2, 2), zeros of both signs among them. */
  batch(count: number): Tensor {
    const shape = [count, ...this.inputShape];
    const data = this.floats(sizeOf(shape), -2, 2);
    data.set([0, -0]);
    return tensor(shape, data);
  }

  private add(node: Node): this {
    this.nodes.push(node);
    this.last = node.name;
    return this;
  }

  private name(op: string): string {
    return `${op}${this.nodes.length}`;
  }

  private floats(length: number, lo: number, hi: number): Float32Array {
    return Float32Array.from({ length }, () => lo + (hi - lo) * this.next());
  }

  private vector(name: string, channels: number, lo: number, hi: number): string {
    this.weights[name] = { encoding: 'float', shape: [channels], values: this.floats(channels, lo, hi) };
    return name;
  }

  private layer(name: string, shape: Shape, packing: Packing): string {
    const rows = shape[0];
    this.weights[name] = packed(packing, shape, rows, this.floats(sizeOf(shape), -1, 1), this.next);
    return name;
  }
}

function packed(
  encoding: Packing,
  shape: Shape,
  rows: number,
  latent: Float32Array,
  next: () => number,
): WeightData {
  const k = latent.length / rows;
  const scales = Float32Array.from({ length: rows }, () => 0.25 + 0.5 * next());
  const ones = (values: Float32Array) => Uint8Array.from(values, v => Number(v !== 0));
  switch (encoding) {
    case 'float':
      return { encoding, shape, values: latent };
    case 'apb':
      return { encoding, shape, weights: decompose(latent, rows, k, scales, 0.4), valueType: 'float32' };
    case 'binary':
      return { encoding, shape, signs: packSigns(latent, rows, k), scales };
    case 'ternary': {
      const kept = latent.map(v => (Math.abs(v) > 0.3 ? v : 0));
      const nonzero = packCodes(ones(kept), 1, rows, k);
      return { encoding, shape, nonzero, signs: packSigns(kept, rows, k), scales };
    }
    case 'kbit':
      return {
        encoding,
        shape,
        codes: packCodes(
          Uint8Array.from(latent, () => 4 * next()),
          2,
          rows,
          k,
        ),
        scales,
      };
    case 'sparse': {
      const positions = Uint32Array.from(latent.keys()).filter(i => latent[i] > 0);
      return { encoding, shape, positions, values: latent.filter(v => v > 0), valueType: 'float32' };
    }
  }
}
