import { create, toBinary } from '@bufbuild/protobuf';
import { modelProto } from './schema.js';

/** Element types of tensors, by their numbers in the format. */
const ELEMENT_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type OnnxElementType = keyof typeof ELEMENT_TYPES;

/** Numbers of attribute types in the format. */
const INT = 2;
const INTS = 7;

/** onnxruntime 1.14 and later load these, and so do most other runtimes. */
const IR_VERSION = 8n;
const OPSET = 17n;

/** Input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxElementType;
  /** A name stands for a size that is open until the model runs. */
  readonly dims: readonly (number | string)[];
}

/** A constant. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxElementType;
  readonly dims: readonly number[];
  /** Row-major, little-endian. */
  readonly data: Uint8Array;
}

/** One operation of the standard operator set. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers or lists of integers: no operator that we write needs others. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxTensor[];
  /** Every input comes before its use. */
  readonly nodes: readonly OnnxNode[];
}

/**
 * An ONNX file: IR version 8, operator set 17. Only encodes; whether the operators fit together the runtime that
 * loads it will tell.
 * @param metadata free text by key, stored beside the graph
 */
export function encodeOnnx(graph: OnnxGraph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const model = create(modelProto, {
    irVersion: IR_VERSION,
    producerName: 'apb',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: graph.name,
      node: graph.nodes.map(nodeProto),
      initializer: graph.constants.map(tensorProto),
      input: graph.inputs.map(valueProto),
      output: graph.outputs.map(valueProto),
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  } as Record<string, unknown>);
  return toBinary(modelProto, model);
}

function nodeProto({ op, inputs, outputs, attributes = {} }: OnnxNode) {
  return {
    opType: op,
    name: outputs[0],
    input: inputs,
    output: outputs,
    attribute: Object.entries(attributes).map(([name, value]) =>
      typeof value === 'number'
        ? { name, type: INT, i: BigInt(value) }
        : { name, type: INTS, ints: value.map(BigInt) },
    ),
  };
}

function tensorProto({ name, type, dims, data }: OnnxTensor) {
  return { name, dataType: ELEMENT_TYPES[type], dims: dims.map(BigInt), rawData: data };
}

function valueProto({ name, type, dims }: OnnxValue) {
  const dim = dims.map(d => (typeof d === 'number' ? { dimValue: BigInt(d) } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type], shape: { dim } } } };
}
