import type { Shape, Tensor } from '@apb/core';
import { cholesky } from './cholesky.js';
import type { Layer } from './layers.js';

/**
 * Weights of a row are taken in blocks of at most this many: a block's matrix is factored in about MAX_BLOCK^3
 * multiply-adds. Rows of up to 128 channels of 3x3 taps are one block.
 */
const MAX_BLOCK = 1152;

/** Positions of an output map that second moments are taken over, at least, and for each weight of a row. */
const MIN_SAMPLES = 8192;
const SAMPLES_PER_WEIGHT = 8;

/** Samples that are worked on at a time. */
const CHUNK = 256;

/** Share of the mean second moment that is added to each, so that every matrix can be inverted; as in GPTQ. */
const DAMPING = 0.01;

/** Columns of a weight row, and how their inputs vary together. */
export interface Block {
  readonly start: number;
  readonly size: number;
  /** [size, size], positive definite: covariance of the inputs, damped. */
  readonly covariance: Float64Array;
}

/** What calibration data say about a layer. */
export interface Moments {
  /** By group, the blocks that cover its rows. */
  readonly groups: readonly (readonly Block[])[];
  /** [rows, k]: the weights at which the layer, on the inputs it gets, is nearest to the outputs it should have. */
  readonly target: Float64Array;
}

/**
 * Second moments of a layer's inputs, about their means, as the means of outputs are corrected afterwards.
 * @param inputs what the layer gets, [N, H, W, C] or [N, C]
 * @param outputs what it should make of them, without its bias or with it: means do not count
 * @param w its weights [rows, k]
 */
export function momentsOf(layer: Layer, w: Float32Array, inputs: Tensor, outputs: Tensor): Moments {
  const perGroup = layer.rows / layer.groups;
  const blocks = blocksOf(layer.k);
  const target = Float64Array.from(w);
  const groups = Array.from({ length: layer.groups }, (_, g) => {
    const sums = blocks.map(({ size }) => new Sums(size, perGroup));
    const rows = w.subarray(g * perGroup * layer.k, (g + 1) * perGroup * layer.k);
    for (const chunk of chunksOf(layer, g, inputs, outputs)) {
      subtractProduct(chunk, rows, perGroup, layer.k);
      blocks.forEach(({ start }, i) => {
        sums[i].add(chunk, start);
      });
    }
    return blocks.map(({ start, size }, i): Block => {
      const { covariance, cross } = sums[i].centred();
      // Each block alone would make up for the whole difference, so each takes its share.
      const shift = solve(covariance, cross, size, perGroup);
      for (let r = 0; r < perGroup; r++)
        for (let j = 0; j < size; j++)
          target[(g * perGroup + r) * layer.k + start + j] += shift[r * size + j] / blocks.length;
      return { start, size, covariance };
    });
  });
  return { groups, target };
}

function blocksOf(k: number): { start: number; size: number }[] {
  const count = Math.ceil(k / MAX_BLOCK);
  const edges = Array.from({ length: count + 1 }, (_, i) => Math.floor((i * k) / count));
  return edges.slice(1).map((end, i) => ({ start: edges[i], size: end - edges[i] }));
}

/** Inputs [k][count] and outputs [rows of the group][count] at some positions: samples run fastest. */
interface Chunk {
  readonly count: number;
  readonly inputs: readonly Float64Array[];
  readonly outputs: readonly Float64Array[];
}

function* chunksOf(layer: Layer, group: number, inputs: Tensor, outputs: Tensor): Generator<Chunk> {
  const perGroup = layer.rows / layer.groups;
  const positions = positionsOf(outputs.data.length / layer.rows, layer.k);
  const gather = gatherer(layer, group, inputs, outputs.shape);
  const columns = (count: number) => Array.from({ length: count }, () => new Float64Array(CHUNK));
  for (let at = 0; at < positions.length; at += CHUNK) {
    const chunk = {
      count: Math.min(CHUNK, positions.length - at),
      inputs: columns(layer.k),
      outputs: columns(perGroup),
    };
    for (let p = 0; p < chunk.count; p++) {
      const position = positions[at + p];
      gather(position, p, chunk.inputs);
      const from = position * layer.rows + group * perGroup;
      for (let r = 0; r < perGroup; r++) chunk.outputs[r][p] = outputs.data[from + r];
    }
    yield chunk;
  }
}

/** All positions where they are few, else that many spread evenly: multiples of the golden ratio avoid any period. */
function positionsOf(total: number, k: number): number[] {
  const wanted = Math.max(MIN_SAMPLES, SAMPLES_PER_WEIGHT * k);
  if (total <= wanted) return Array.from({ length: total }, (_, i) => i);
  const golden = (Math.sqrt(5) - 1) / 2;
  return Array.from({ length: wanted }, (_, i) => Math.floor((((i + 0.5) * golden) % 1) * total));
}

/** Copies the inputs of one output position into column `p`; taps outside the picture are 0, as they are there. */
function gatherer(
  layer: Layer,
  group: number,
  { shape, data }: Tensor,
  outputShape: Shape,
): (position: number, p: number, columns: readonly Float64Array[]) => void {
  const { node, k } = layer;
  if (node.op === 'dense')
    return (position, p, columns) => {
      for (let j = 0; j < k; j++) columns[j][p] = data[position * k + j];
    };
  const [, height, width, channels] = shape;
  const [, outHeight, outWidth] = outputShape;
  const [, kh, kw, c] = layer.shape;
  return (position, p, columns) => {
    const picture = Math.floor(position / (outHeight * outWidth));
    const top = (Math.floor(position / outWidth) % outHeight) * node.strides[0] - node.pads[0];
    const left = (position % outWidth) * node.strides[1] - node.pads[1];
    for (let ky = 0, j = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++, j += c) {
        const y = top + ky * node.dilations[0];
        const x = left + kx * node.dilations[1];
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        const from = ((picture * height + y) * width + x) * channels + group * c;
        for (let i = 0; i < c; i++) columns[j + i][p] = data[from + i];
      }
  };
}

/** outputs -= w * inputs: what is left is what better weights would have to add. */
function subtractProduct({ count, inputs, outputs }: Chunk, w: Float32Array, rows: number, k: number): void {
  for (let r = 0; r < rows; r++) {
    const y = outputs[r];
    for (let j = 0; j < k; j++) {
      const weight = w[r * k + j];
      if (weight === 0) continue;
      const x = inputs[j];
      for (let p = 0; p < count; p++) y[p] -= weight * x[p];
    }
  }
}

/** Running sums over samples: of inputs, of outputs and of their products. */
class Sums {
  private count = 0;
  private readonly inputs: Float64Array;
  private readonly outputs: Float64Array;
  private readonly products: Float64Array;
  private readonly cross: Float64Array;

  constructor(
    private readonly size: number,
    private readonly rows: number,
  ) {
    this.inputs = new Float64Array(size);
    this.outputs = new Float64Array(rows);
    this.products = new Float64Array(size * size);
    this.cross = new Float64Array(rows * size);
  }

  add(chunk: Chunk, start: number): void {
    const { size, rows } = this;
    this.count += chunk.count;
    for (let i = 0; i < size; i++) {
      const x = chunk.inputs[start + i];
      this.inputs[i] += sum(x);
      for (let j = 0; j <= i; j++) this.products[i * size + j] += dot(x, chunk.inputs[start + j]);
      for (let r = 0; r < rows; r++) this.cross[r * size + i] += dot(x, chunk.outputs[r]);
    }
    for (let r = 0; r < rows; r++) this.outputs[r] += sum(chunk.outputs[r]);
  }

  /** Covariances of the inputs, damped, and of inputs with outputs [rows, size]. */
  centred(): { covariance: Float64Array; cross: Float64Array } {
    const { size, rows, count, inputs, outputs, products, cross } = this;
    let trace = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        const value = (products[i * size + j] - (inputs[i] * inputs[j]) / count) / count;
        products[i * size + j] = value;
        products[j * size + i] = value;
      }
      trace += products[i * size + i];
      for (let r = 0; r < rows; r++)
        cross[r * size + i] = (cross[r * size + i] - (inputs[i] * outputs[r]) / count) / count;
    }
    // Inputs that never vary leave their weights to the damping alone: they stay as they are.
    const damping = (DAMPING * trace) / size || 1;
    for (let i = 0; i < size; i++) products[i * size + i] += damping;
    return { covariance: products, cross };
  }
}

/** Unused samples of a chunk are 0. */
function dot(a: Float64Array, b: Float64Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let p = 0; p < CHUNK; p += 4) {
    s0 += a[p] * b[p];
    s1 += a[p + 1] * b[p + 1];
    s2 += a[p + 2] * b[p + 2];
    s3 += a[p + 3] * b[p + 3];
  }
  return s0 + s1 + (s2 + s3);
}

function sum(a: Float64Array): number {
  let total = 0;
  for (let p = 0; p < CHUNK; p++) total += a[p];
  return total;
}

/** Rows x of x A = b for rows b, A positive definite. */
function solve(a: Float64Array, b: Float64Array, size: number, rows: number): Float64Array {
  const l = cholesky(a, size);
  const x = b.slice();
  for (let r = 0; r < rows; r++) {
    const y = x.subarray(r * size, (r + 1) * size);
    for (let i = 0; i < size; i++) {
      let value = y[i];
      for (let j = 0; j < i; j++) value -= l[i * size + j] * y[j];
      y[i] = value / l[i * size + i];
    }
    for (let i = size - 1; i >= 0; i--) {
      y[i] /= l[i * size + i];
      for (let j = 0; j < i; j++) y[j] -= l[i * size + j] * y[i];
    }
  }
  return x;
}
