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

/** mulberry32: a seeded generator of floats in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Encoding = WeightData['encoding'] | 'kbit3';

interface ConvOptions {
  readonly encoding?: Encoding;
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pads?: Pads;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** Builds small random models node by node; every method returns the new node's name. */
export class ModelBuilder {
  readonly nodes: Node[] = [];
  readonly weights: Record<string, WeightData> = {};
  private readonly next: () => number;

  constructor(
    readonly inputShape: Shape,
    seed: number,
  ) {
    this.next = random(seed);
  }

  conv(input: string, inChannels: number, outChannels: number, o: ConvOptions = {}): string {
    const { kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1, 1, 1], groups = 1 } = o;
    const name = this.name('conv');
    this.weights[`${name}/w`] = this.layer(
      [outChannels, ...kernel, inChannels / groups],
      o.encoding ?? 'float',
    );
    const layer = { op: 'conv2d' as const, weights: `${name}/w`, strides, dilations, pads, groups };
    return this.node({ name, inputs: [input], ...layer, ...this.biasOf(name, outChannels, o.bias) });
  }

  dense(
    input: string,
    inputs: number,
    outputs: number,
    o: { encoding?: Encoding; bias?: boolean } = {},
  ): string {
    const name = this.name('dense');
    this.weights[`${name}/w`] = this.layer([outputs, inputs], o.encoding ?? 'float');
    return this.node({
      name,
      inputs: [input],
      op: 'dense',
      weights: `${name}/w`,
      ...this.biasOf(name, outputs, o.bias),
    });
  }

  /** Scales negative, zero and positive. */
  norm(input: string, channels: number): string {
    const name = this.name('norm');
    const gamma = this.vector(`${name}/gamma`, channels, () => 2 * this.next() - 1);
    (this.weights[gamma] as { values: Float32Array }).values[0] = channels > 1 ? 0 : 1;
    return this.node({
      name,
      inputs: [input],
      op: 'batchNorm',
      gamma,
      beta: this.vector(`${name}/beta`, channels, () => this.next() - 0.5),
      mean: this.vector(`${name}/mean`, channels, () => this.next() - 0.5),
      variance: this.vector(`${name}/variance`, channels, () => 0.1 + this.next()),
      epsilon: Math.fround(1e-3),
    });
  }

  prelu(input: string, channels: number): string {
    const name = this.name('prelu');
    const slopes = this.vector(`${name}/slopes`, channels, () => this.next() - 0.5);
    return this.node({ name, inputs: [input], op: 'prelu', slopes });
  }

  quantize(input: string, quantizer: Quantizer): string {
    return this.node({ name: this.name('quantize'), inputs: [input], op: 'quantize', quantizer });
  }

  add(a: string, b: string): string {
    return this.node({ name: this.name('add'), inputs: [a, b], op: 'add' });
  }

  /** A node without parameters. */
  plain(
    input: string,
    op: Extract<Node, { op: 'relu' | 'flatten' | 'globalAvgPool' | 'softmax' }>['op'],
  ): string {
    return this.node({ name: this.name(op), inputs: [input], op });
  }

  node(node: Node): string {
    this.nodes.push(node);
    return node.name;
  }

  name(op: string): string {
    return `${op}${this.nodes.length}`;
  }

  model(output = this.nodes[this.nodes.length - 1].name): Model {
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

  /** Values in (-1, 1). */
  batch(count: number): Tensor {
    const shape = [count, ...this.inputShape];
    return tensor(shape, this.floats(sizeOf(shape)));
  }

  private floats(length: number): Float32Array {
    return Float32Array.from({ length }, () => 2 * this.next() - 1);
  }

  private vector(name: string, channels: number, value: () => number): string {
    this.weights[name] = {
      encoding: 'float',
      shape: [channels],
      values: Float32Array.from({ length: channels }, value),
    };
    return name;
  }

  private biasOf(name: string, channels: number, wanted = false): { bias?: string } {
    return wanted ? { bias: this.vector(`${name}/bias`, channels, () => this.next() - 0.5) } : {};
  }

  private layer(shape: Shape, encoding: Encoding): WeightData {
    const rows = shape[0];
    const k = sizeOf(shape) / rows;
    const latent = this.floats(rows * k);
    const scales = Float32Array.from({ length: rows }, () => 0.25 + this.next());
    const codes = (bits: number) =>
      packCodes(
        Uint8Array.from(latent, () => this.next() * 2 ** bits),
        bits,
        rows,
        k,
      );
    switch (encoding) {
      case 'float':
        return { encoding, shape, values: latent };
      case 'apb':
        return { encoding, shape, weights: decompose(latent, rows, k, scales, 0.4), valueType: 'float32' };
      case 'binary':
        return { encoding, shape, signs: packSigns(latent, rows, k), scales };
      case 'ternary': {
        const nonzero = latent.map(v => (Math.abs(v) > 0.3 ? v : 0));
        return {
          encoding,
          shape,
          nonzero: packCodes(
            Uint8Array.from(nonzero, v => Number(v !== 0)),
            1,
            rows,
            k,
          ),
          signs: packSigns(nonzero, rows, k),
          scales,
        };
      }
      case 'kbit':
        return { encoding, shape, codes: codes(2), scales };
      case 'kbit3':
        return { encoding: 'kbit', shape, codes: codes(3), scales };
      case 'sparse': {
        const positions = Uint32Array.from(latent.keys()).filter(i => latent[i] > 0);
        return { encoding, shape, positions, values: latent.filter(v => v > 0), valueType: 'float32' };
      }
    }
  }
}

/**
 * A residual network with quantized inner layers and every kind of merge the planner knows.
 * @param ends whether the first and the last layer are float too, or quantized as well
 */
export function residualNet(
  quantizer: Quantizer,
  seed: number,
  inner: Encoding = 'apb',
  ends: 'float' | 'quantized' = 'float',
): ModelBuilder {
  const b = new ModelBuilder([8, 8, 3], seed);
  const outer = ends === 'float' ? 'float' : inner;
  const input = ends === 'float' ? INPUT : b.quantize(INPUT, quantizer);
  const stem = b.plain(b.norm(b.conv(input, 3, 10, { encoding: outer, bias: true }), 10), 'relu');
  const q1 = b.quantize(stem, quantizer);
  const main1 = b.norm(b.conv(q1, 10, 10, { encoding: inner }), 10);
  // stem is needed both as floats and quantized.
  const block1 = b.prelu(b.add(main1, stem), 10);
  const q2 = b.quantize(block1, quantizer);
  // Stride 2 with TensorFlow's asymmetric pads, and a projection whose 1x1 layer is compressed too.
  const main2 = b.norm(b.conv(q2, 10, 12, { encoding: inner, strides: [2, 2], pads: [0, 0, 1, 1] }), 12);
  const shortcut = b.norm(
    b.conv(q2, 10, 12, { encoding: inner, kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] }),
    12,
  );
  const block2 = b.plain(b.add(main2, shortcut), 'relu');
  const q3 = b.quantize(block2, quantizer);
  const wide = b.conv(q3, 12, 12, {
    encoding: inner,
    dilations: [2, 2],
    pads: [2, 1, 1, 2],
    groups: 2,
    bias: true,
  });
  const q4 = b.quantize(
    b.node({ name: b.name('clamp'), inputs: [wide], op: 'clamp', min: -1, max: 2 }),
    quantizer,
  );
  // Flattened planes, 108 to a row: a ragged last word.
  const hidden = b.quantize(
    b.norm(b.dense(b.plain(q4, 'flatten'), 3 * 3 * 12, 7, { encoding: inner }), 7),
    quantizer,
  );
  b.dense(hidden, 7, 5, { encoding: outer, bias: true });
  return b;
}
