import { INPUT, type InputDescription } from '@apb/core';
import type { FloatGraph, FloatNode, FloatNodeOf } from '../floatGraph.js';
import type { OnnxBuilder, Step } from './builder.js';
import { estimateRanges, type Range } from './ranges.js';
import { convAttributes, stepsOf, toOIHW } from './steps.js';

const f = Math.fround;
const MAX_INT32 = 2 ** 31 - 1;

/** A uint8 q stands for scale * (q - zero). */
interface ByteScale {
  readonly scale: number;
  readonly zero: number;
}

type ConvNode = FloatNodeOf<'conv2d'>;

/**
 * Adds a network whose compressed convolutions are QLinearConvs. A value is kept as bytes where such a convolution
 * makes or reads it; every other node computes on floats between DequantizeLinear and QuantizeLinear.
 * @param rename the name in the file of a value's floats
 */
export function addQLinearNodes(
  graph: FloatGraph,
  input: InputDescription,
  rename: (name: string) => string,
  b: OnnxBuilder,
): void {
  const { nodes, output, bounds } = withoutQuantizers(graph);
  const ranges = estimateRanges({ ...graph, nodes }, input, bounds);
  const relus = absorbedRelus(nodes, output);
  const values = new Values(name => byteScale(ranges.get(name) as Range), rename, b);
  const read = new Set(nodes.filter(isPackedConv).map(node => node.inputs[0]));
  const absorbed = new Set<FloatNode>(relus.values());
  for (const node of nodes) {
    if (absorbed.has(node)) continue;
    if (isPackedConv(node)) {
      const name = relus.get(node)?.name ?? node.name;
      values.addBytes(name, values.bytes(node.inputs[0]), steps =>
        convolution(node, values.scaleOf(node.inputs[0]), steps, b),
      );
    } else {
      const [first, ...others] = node.inputs.map(source => values.floats(source));
      b.chain(first, stepsOf(node, others, b), rename(node.name));
      values.addFloats(node.name);
      if (read.has(node.name)) values.bytes(node.name);
    }
  }
  values.end(output, rename(graph.output));
}

function isPackedConv(node: FloatNode): node is ConvNode {
  return node.op === 'conv2d' && node.compressed;
}

interface Unquantized {
  readonly nodes: readonly FloatNode[];
  readonly output: string;
  /** Ranges of values that nothing but one quantizer's likes read. */
  readonly bounds: ReadonlyMap<string, Range>;
}

/** The network without its quantizers: their readers read what they read. */
function withoutQuantizers(graph: FloatGraph): Unquantized {
  const sources = new Map<string, string>();
  const source = (name: string) => sources.get(name) ?? name;
  const bounds = new Map<string, Range>();
  const nodes: FloatNode[] = [];
  for (const node of graph.nodes) {
    if (node.op !== 'quantize') {
      nodes.push({ ...node, inputs: node.inputs.map(source) });
      continue;
    }
    sources.set(node.name, source(node.inputs[0]));
    const readers = graph.nodes.filter(reader => reader.inputs.includes(node.inputs[0]));
    if (node.quantizer.kind === 'code' && readers.every(reader => reader.op === 'quantize'))
      bounds.set(source(node.inputs[0]), [Math.min(node.quantizer.lo, 0), Math.max(node.quantizer.hi, 0)]);
  }
  return { nodes, output: source(graph.output), bounds };
}

/** By packed convolution, the ReLU that is its only reader: bytes from 0 up are one. */
function absorbedRelus(nodes: readonly FloatNode[], output: string): Map<FloatNode, FloatNode> {
  const relus = new Map<FloatNode, FloatNode>();
  for (const conv of nodes.filter(isPackedConv)) {
    const readers = nodes.filter(node => node.inputs.includes(conv.name));
    if (readers.length === 1 && readers[0].op === 'relu' && conv.name !== output) relus.set(conv, readers[0]);
  }
  return relus;
}

function byteScale([lo, hi]: Range): ByteScale {
  const scale = f((hi - lo) / 255);
  return { scale, zero: Math.min(255, Math.round(-lo / scale)) };
}

/** Which of a value's forms the file has so far, by name. */
class Values {
  private readonly floatNames = new Map<string, string>();
  private readonly byteNames = new Map<string, string>();
  private readonly dequantized = new Map<string, string>();
  private readonly parameters = new Map<string, readonly [scale: string, zero: string]>();

  constructor(
    readonly scaleOf: (name: string) => ByteScale,
    private readonly rename: (name: string) => string,
    private readonly b: OnnxBuilder,
  ) {
    this.addFloats(INPUT);
  }

  addFloats(name: string): void {
    this.floatNames.set(name, this.rename(name));
  }

  /** Adds a value that `make` computes as bytes from the bytes of another. */
  addBytes(
    name: string,
    [input, ...inputParameters]: readonly string[],
    make: (context: ConvContext) => Step,
  ): void {
    const bytes = this.b.unique(`${name}/uint8`);
    const step = make({ name, inputParameters, outputParameters: this.parametersOf(name) });
    this.b.chain(input, [step], bytes);
    this.byteNames.set(name, bytes);
  }

  /** Names of a value's bytes, their scale and their zero. */
  bytes(name: string): readonly string[] {
    let bytes = this.byteNames.get(name);
    const parameters = this.parametersOf(name);
    if (bytes === undefined) {
      bytes = this.b.unique(`${name}/uint8`);
      this.b.chain(this.floats(name), [{ op: 'QuantizeLinear', more: parameters }], bytes);
      this.byteNames.set(name, bytes);
    }
    return [bytes, ...parameters];
  }

  /** A value that exists as bytes is read back from them, so that a runtime may keep it in bytes. */
  floats(name: string): string {
    const bytes = this.byteNames.get(name);
    if (bytes === undefined) return this.floatNames.get(name) as string;
    let floats = this.dequantized.get(name);
    if (floats === undefined) {
      floats = this.b.unique(`${name}/float`);
      this.b.chain(bytes, [{ op: 'DequantizeLinear', more: this.parametersOf(name) }], floats);
      this.dequantized.set(name, floats);
    }
    return floats;
  }

  /** Gives the network's output its name. */
  end(output: string, name: string): void {
    const floats = this.floatNames.get(output) ?? this.floats(output);
    if (floats !== name) this.b.chain(floats, [], name);
  }

  private parametersOf(name: string): readonly [string, string] {
    let parameters = this.parameters.get(name);
    if (!parameters) {
      const { scale, zero } = this.scaleOf(name);
      parameters = [this.b.floats(`${name}/scale8`, [], [scale]), this.b.uint8(`${name}/zero8`, zero)];
      this.parameters.set(name, parameters);
    }
    return parameters;
  }
}

interface ConvContext {
  /** Of the value that is made. */
  readonly name: string;
  /** Names of scale and zero. */
  readonly inputParameters: readonly string[];
  readonly outputParameters: readonly string[];
}

/** A QLinearConv: weights scaled per output channel, bias and batch norm inside. */
function convolution(
  node: ConvNode,
  input: ByteScale,
  { name, inputParameters, outputParameters }: ConvContext,
  b: OnnxBuilder,
): Step {
  const { weights, scales } = int8Rows(node);
  const rows = scales.length;
  const shift = node.affine?.shift ?? new Float32Array(rows);
  const bias = Int32Array.from(shift, (s, row) => {
    const units = Math.round(s / (input.scale * scales[row]));
    return Math.max(-MAX_INT32, Math.min(MAX_INT32, units));
  });
  const [out, kh, kw, perGroup] = node.weightShape;
  return {
    op: 'QLinearConv',
    more: [
      ...inputParameters,
      b.int8s(`${name}/weights`, [out, perGroup, kh, kw], toOIHW(weights, node.weightShape)),
      b.floats(`${name}/weightScales`, [rows], scales),
      b.int8s(`${name}/weightZeros`, [rows], new Int8Array(rows)),
      ...outputParameters,
      b.int32s(`${name}/bias`, [rows], bias),
    ],
    attributes: convAttributes(node),
  };
}

/** Weights times the batch norm's scale, as 127 steps either side of zero. A row of zeros keeps a scale of 1. */
function int8Rows({ weights, weightShape, affine }: ConvNode): { weights: Int8Array; scales: Float32Array } {
  const rows = weightShape[0];
  const k = weights.length / rows;
  const scales = new Float32Array(rows);
  const quantized = new Int8Array(weights.length);
  for (let row = 0; row < rows; row++) {
    const factor = affine?.scale[row] ?? 1;
    let largest = 0;
    for (let i = row * k; i < (row + 1) * k; i++) largest = Math.max(largest, Math.abs(weights[i]));
    scales[row] = f((largest * Math.abs(factor)) / 127) || 1;
    const steps = factor / scales[row];
    for (let i = row * k; i < (row + 1) * k; i++) quantized[i] = Math.round(weights[i] * steps);
  }
  return { weights: quantized, scales };
}
