import { packContainer } from '../format/container.js';
import { encodeWeight } from '../format/encodings.js';
import { encodeModel } from '../format/write.js';
import type { Model, WeightData } from '../graph/model.js';
import type { Shape } from '../tensor/shape.js';
import { sizeOf } from '../tensor/shape.js';

/**
 * How many bits a network takes, by three accountings.
 *
 * - paper: per compressed layer `n + s * (32 + ceil(log2 n))`, n weights of which s in full precision (Nardini
 *   et al., arXiv 2306.08960): a sign for every weight, and a value and its index for the few;
 * - releasedCode: `32*FP + s * (32 + floor(log2(maxElements)) + 1) + (n - s)`, as the paper's published code
 *   counts: FP the parameters outside compressed layers, maxElements the largest tensor of the model;
 * - file: what is really written.
 *
 * Scales beyond one per layer add 32 bits each to the first two. Those two define no other encodings; here
 * ternary counts 2 bits a weight, kbit its bits, sparse (pruning) only its values and their indices, sparseKbit
 * only its codes and their indices, and float 32 bits. Values that the file keeps as float16 still count as 32 there.
 */
export interface Bits {
  readonly paper: number;
  readonly releasedCode: number;
  readonly file: number;
}

/** The weights of a convolution or dense layer. */
export interface LayerMemory {
  /** The (first) node that uses them. */
  readonly name: string;
  /** Name of the parameter. */
  readonly parameter: string;
  readonly encoding: WeightData['encoding'];
  readonly shape: Shape;
  /** n */
  readonly weights: number;
  /** s, and s / n. */
  readonly fullPrecision: number;
  readonly fullPrecisionShare: number;
  readonly bits: Bits;
  /** By the paper's accounting. */
  readonly bitsPerWeight: number;
}

export interface TotalMemory extends Bits {
  readonly weights: number;
  /** By the paper's accounting; 32 when there are no weights. */
  readonly bitsPerWeight: number;
}

/** Plain data: can be printed as JSON. */
export interface ModelMemory {
  /** In the graph's order. */
  readonly layers: readonly LayerMemory[];
  readonly totals: {
    /** Over the layers of any encoding but float. */
    readonly compressed: TotalMemory;
    /** Over all parameters; `file` is the whole file, header included. */
    readonly model: TotalMemory;
  };
}

/** Bits of a layer of n weights, s of them in full precision, by the paper's formula. */
export function paperBits(n: number, s: number, scales = 1): number {
  return n + s * (32 + paperIndexBits(n)) + 32 * (scales - 1);
}

/**
 * The same by the published code's formula, without its FP term.
 * @param maxElements of the largest tensor of the model
 */
export function releasedCodeBits(n: number, s: number, maxElements: number, scales = 1): number {
  return n - s + s * (32 + releasedIndexBits(maxElements)) + 32 * (scales - 1);
}

/**
 * Accounts for a model's memory, layer by layer and in total.
 * @param fileBytes length of the file the model was read from; by default that of the file writeModel would write
 * @throws InputError when the model is not valid
 */
export function memoryOf(model: Model, fileBytes: number = fileBytesOf(model)): ModelMemory {
  const { graph, weights } = model;
  const maxElements = Object.values(weights).reduce((max, w) => Math.max(max, sizeOf(w.shape)), 1);
  const layers: LayerMemory[] = [];
  const counted = new Set<string>();
  for (const node of graph.nodes) {
    if ((node.op !== 'conv2d' && node.op !== 'dense') || counted.has(node.weights)) continue;
    counted.add(node.weights);
    layers.push(layerMemory(node.name, node.weights, weights[node.weights], maxElements));
  }
  const others = Object.entries(weights)
    .filter(([name]) => !counted.has(name))
    .reduce((sum, [, w]) => sum + sizeOf(w.shape), 0);
  const all = total(layers);
  return {
    layers,
    totals: {
      compressed: withRate(total(layers.filter(layer => layer.encoding !== 'float'))),
      model: withRate({
        weights: all.weights + others,
        paper: all.paper + 32 * others,
        releasedCode: all.releasedCode + 32 * others,
        file: 8 * fileBytes,
      }),
    },
  };
}

function layerMemory(name: string, parameter: string, w: WeightData, maxElements: number): LayerMemory {
  const weights = sizeOf(w.shape);
  const fullPrecision = fullPrecisionOf(w);
  const bits = {
    paper: paperBitsOf(w),
    releasedCode: layerBits(w, releasedIndexBits(maxElements), (n, s, scales) =>
      releasedCodeBits(n, s, maxElements, scales),
    ),
    file:
      8 * [...encodeWeight(parameter, w).tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
  return {
    name,
    parameter,
    encoding: w.encoding,
    shape: w.shape,
    weights,
    fullPrecision,
    fullPrecisionShare: fullPrecision / weights,
    bits,
    bitsPerWeight: bits.paper / weights,
  };
}

/** Bits of a parameter of any encoding by the paper's accounting. */
export function paperBitsOf(w: WeightData): number {
  return layerBits(w, paperIndexBits(sizeOf(w.shape)), paperBits);
}

/** Number of weights that are kept as values of their own. */
function fullPrecisionOf(w: WeightData): number {
  switch (w.encoding) {
    case 'float':
    case 'sparse':
      return w.values.length;
    case 'apb':
      return w.weights.values.length;
    default:
      return 0;
  }
}

/** Extends a formula, bits of (n, s, scales), to every encoding; `indexBits` is what it counts for one index. */
function layerBits(
  w: WeightData,
  indexBits: number,
  formula: (n: number, s: number, scales: number) => number,
): number {
  const n = sizeOf(w.shape);
  switch (w.encoding) {
    case 'apb':
      return formula(n, w.weights.values.length, w.weights.scales.length);
    case 'binary':
      return formula(n, 0, w.scales.length);
    case 'ternary':
      return n + formula(n, 0, w.scales.length);
    case 'kbit':
      return (w.codes.bits - 1) * n + formula(n, 0, w.scales.length);
    case 'sparse':
      return w.values.length * (32 + indexBits);
    case 'sparseKbit':
      return w.positions.length * (w.codes.bits + indexBits) + 32 * (w.scales.length - 1);
    case 'float':
      return 32 * n;
  }
}

function total(layers: readonly LayerMemory[]): Bits & { weights: number } {
  const sum = (of: (layer: LayerMemory) => number) => layers.reduce((t, layer) => t + of(layer), 0);
  return {
    weights: sum(layer => layer.weights),
    paper: sum(layer => layer.bits.paper),
    releasedCode: sum(layer => layer.bits.releasedCode),
    file: sum(layer => layer.bits.file),
  };
}

function withRate(bits: Bits & { weights: number }): TotalMemory {
  return { ...bits, bitsPerWeight: bits.weights === 0 ? 32 : bits.paper / bits.weights };
}

function fileBytesOf(model: Model): number {
  const { metadata, tensors } = encodeModel(model);
  // The checksum's digits do not change the length.
  return packContainer({ metadata: { ...metadata, sha256: '0'.repeat(64) }, tensors }).length;
}

/** ceil(log2 n), for integers from 1 to 2^31. */
function paperIndexBits(n: number): number {
  return 32 - Math.clz32(n - 1);
}

/** floor(log2 n) + 1, for integers from 1 to 2^32 - 1. */
function releasedIndexBits(n: number): number {
  return 32 - Math.clz32(n);
}
