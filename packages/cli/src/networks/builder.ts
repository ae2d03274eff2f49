import {
  type ActivationBits,
  type Graph,
  INPUT,
  type InputDescription,
  type Model,
  type Node,
  outputSize,
  type Pads,
  type Shape,
  sizeOf,
  uniformQuantizer,
  type WeightData,
} from '@apb/core';
import { Random } from './random.js';
import { apbWeights, sumDeviation } from './weights.js';

export interface NetworkOptions {
  /** Width of the activations in front of compressed layers; 32 is float. */
  readonly bits: ActivationBits | 32;
  /** Of the weights of compressed layers that are in full precision, 0 to 1. */
  readonly share: number;
  /** Of the weights. */
  readonly seed: number;
}

/** A value of the network that is being built. */
export interface Value {
  readonly name: string;
  /** Without the batch axis. */
  readonly shape: Shape;
  /** About what its squares are on average, from which batch norms and quantizers get their numbers. */
  readonly meanSquare: number;
  /** Whether it never is negative, or a sum with such a part. */
  readonly positive: boolean;
}

export interface ConvOptions {
  readonly filters: number;
  /** Height and width. */
  readonly kernel: number;
  /** In both directions. @default 1 */
  readonly strides?: number;
  /** Compressed weights, else float ones. */
  readonly compressed: boolean;
}

const EPSILON = 1e-5;
/** Of the squares of a batch norm's output, for the gammas and betas below. */
const NORM_SQUARE = 1 + 1 / 12 + 1 / 12;
/** Upper bound of a quantizer, in root mean squares: the codes spread over all values. */
const QUANTIZER_WIDTH = 2.5;

type NodePart = Node extends infer N ? (N extends Node ? Omit<N, 'name' | 'inputs'> : never) : never;

/** Builds a network with random weights whose values neither vanish nor grow without bound. */
export class NetworkBuilder {
  readonly input: Value;
  private readonly nodes: Node[] = [];
  private readonly weights: Record<string, WeightData> = {};
  private readonly random: Random;

  constructor(
    readonly options: NetworkOptions,
    private readonly description: InputDescription,
  ) {
    this.random = new Random(options.seed);
    this.input = { name: INPUT, shape: description.shape, meanSquare: 1, positive: false };
  }

  /** Convolution without bias, zeros around it so that stride 1 keeps the size, and its batch norm. */
  convNorm(name: string, x: Value, { filters, kernel, strides = 1, compressed }: ConvOptions): Value {
    const [height, width, channels] = x.shape;
    const before = (kernel - 1) >> 1;
    const pads: Pads = [before, before, before, before];
    const size = (s: number) => outputSize(s, kernel, strides, 1, before, before);
    const shape = [size(height), size(width), filters];
    const k = kernel * kernel * channels;
    const weights = this.matrix(`${name}/weights`, [filters, kernel, kernel, channels], compressed);
    const deviation = compressed ? sumDeviation(k, this.options.share) : 1;
    const made = this.add(name, [x], shape, deviation ** 2 * x.meanSquare, false, {
      op: 'conv2d',
      weights,
      strides: [strides, strides],
      dilations: [1, 1],
      pads,
      groups: 1,
    });
    return this.norm(`${name}_norm`, made);
  }

  relu(name: string, x: Value): Value {
    const meanSquare = x.positive ? x.meanSquare : x.meanSquare / 2;
    return this.add(name, [x], x.shape, meanSquare, true, { op: 'relu' });
  }

  /** Slopes of a quarter. */
  prelu(name: string, x: Value): Value {
    const channels = x.shape[x.shape.length - 1];
    const slopes = this.vector(`${name}/slopes`, channels, 0.25, 0.25);
    return this.add(name, [x], x.shape, x.meanSquare, x.positive, { op: 'prelu', slopes });
  }

  /** Nothing for float activations. */
  quantize(name: string, x: Value): Value {
    const { bits } = this.options;
    if (bits === 32) return x;
    if (bits === 1) {
      const quantizer = { kind: 'sign', scale: 1 } as const;
      return this.add(name, [x], x.shape, 1, false, { op: 'quantize', quantizer });
    }
    const quantizer = uniformQuantizer(bits, 0, QUANTIZER_WIDTH * Math.sqrt(x.meanSquare));
    return this.add(name, [x], x.shape, x.meanSquare, true, { op: 'quantize', quantizer });
  }

  sum(name: string, a: Value, b: Value): Value {
    const positive = a.positive || b.positive;
    return this.add(name, [a, b], a.shape, a.meanSquare + b.meanSquare, positive, { op: 'add' });
  }

  /** Every second pixel, and zero channels before and after up to `filters`. */
  shortcutA(name: string, x: Value, filters: number): Value {
    const [height, width, channels] = x.shape;
    const half = [Math.ceil(height / 2), Math.ceil(width / 2)];
    const kept = this.add(`${name}_subsample`, [x], [...half, channels], x.meanSquare, x.positive, {
      op: 'subsample',
      strides: [2, 2],
    });
    const before = (filters - channels) >> 1;
    const meanSquare = (x.meanSquare * channels) / filters;
    return this.add(name, [kept], [...half, filters], meanSquare, x.positive, {
      op: 'padChannels',
      before,
      after: filters - channels - before,
    });
  }

  /** Stride 2; zeros around it as for a convolution. */
  maxPool(name: string, x: Value, window: number): Value {
    const [height, width, channels] = x.shape;
    const before = (window - 1) >> 1;
    const size = (s: number) => outputSize(s, window, 2, 1, before, before);
    // The largest of four and more values has about twice their square.
    return this.add(name, [x], [size(height), size(width), channels], 2 * x.meanSquare, x.positive, {
      op: 'maxPool',
      window: [window, window],
      strides: [2, 2],
      pads: [before, before, before, before],
    });
  }

  globalAvgPool(name: string, x: Value): Value {
    return this.add(name, [x], [x.shape[2]], x.meanSquare, x.positive, { op: 'globalAvgPool' });
  }

  flatten(name: string, x: Value): Value {
    return this.add(name, [x], [sizeOf(x.shape)], x.meanSquare, x.positive, { op: 'flatten' });
  }

  /** Float dense layer with bias: the classifier. */
  classifier(name: string, x: Value, units: number): Value {
    const weights = this.matrix(`${name}/weights`, [units, x.shape[0]], false);
    const bias = this.vector(`${name}/bias`, units, -0.1, 0.1);
    return this.add(name, [x], [units], x.meanSquare, false, { op: 'dense', weights, bias });
  }

  finish(output: Value): Model {
    const graph: Graph = { inputShape: this.description.shape, nodes: this.nodes, output: output.name };
    const note = 'random weights, for measuring speed only';
    return { graph, weights: this.weights, input: this.description, classes: [], provenance: { note } };
  }

  private norm(name: string, x: Value): Value {
    const channels = x.shape[x.shape.length - 1];
    const deviation = Math.sqrt(x.meanSquare);
    return this.add(name, [x], x.shape, NORM_SQUARE, false, {
      op: 'batchNorm',
      gamma: this.vector(`${name}/gamma`, channels, 0.5, 1.5),
      beta: this.vector(`${name}/beta`, channels, -0.5, 0.5),
      mean: this.vector(`${name}/mean`, channels, -0.1 * deviation, 0.1 * deviation),
      variance: this.vector(`${name}/variance`, channels, x.meanSquare, x.meanSquare),
      epsilon: EPSILON,
    });
  }

  private add(
    name: string,
    inputs: readonly Value[],
    shape: Shape,
    meanSquare: number,
    positive: boolean,
    part: NodePart,
  ): Value {
    this.nodes.push({ ...part, name, inputs: inputs.map(value => value.name) } as Node);
    return { name, shape, meanSquare, positive };
  }

  /** Weights [rows, ...]; float ones keep the mean square of their input. */
  private matrix(name: string, shape: Shape, compressed: boolean): string {
    const [rows] = shape;
    const k = sizeOf(shape) / rows;
    const bound = Math.sqrt(3 / k);
    this.weights[name] = compressed
      ? {
          encoding: 'apb',
          shape,
          weights: apbWeights(this.random, rows, k, this.options.share),
          valueType: 'float32',
        }
      : { encoding: 'float', shape, values: this.random.floats(rows * k, -bound, bound) };
    return name;
  }

  /** One number a channel in [lo, hi). */
  private vector(name: string, channels: number, lo: number, hi: number): string {
    this.weights[name] = {
      encoding: 'float',
      shape: [channels],
      values: this.random.floats(channels, lo, hi),
    };
    return name;
  }
}
