import { InputError } from '@apb/core';
import { fromBinary } from '@bufbuild/protobuf';
import { modelProto } from '../../onnx/schema.js';
import { MAX_NODES } from '../limits.js';

/** Operator sets whose operators are read as they are defined there. */
const OPSETS = { from: 7, to: 25 };

/** Fields that a file leaves out are undefined or empty, as protocol buffers give them. */
export interface TensorProto {
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly bigint[];
  readonly doubleData: readonly number[];
  readonly dataLocation: number;
}

interface AttributeProto {
  readonly name: string;
  readonly f: number;
  readonly i: bigint;
  readonly s: Uint8Array;
  readonly t?: TensorProto;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly AttributeProto[];
}

export interface ValueProto {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType: number;
      readonly shape?: { readonly dim: readonly { readonly dimValue: bigint; readonly dimParam: string }[] };
    };
  };
}

export interface OnnxFile {
  readonly opset: number;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
  readonly metadata: ReadonlyMap<string, string>;
}

interface ModelProto {
  readonly opsetImport: readonly { readonly domain: string; readonly version: bigint }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly graph?: {
    readonly node: readonly NodeProto[];
    readonly initializer: readonly TensorProto[];
    readonly input: readonly ValueProto[];
    readonly output: readonly ValueProto[];
    readonly sparseInitializer: readonly unknown[];
  };
}

/**
 * Parses an ONNX file; what its tensors hold is read when they are used.
 * @throws InputError for what is no ONNX file, and for operator sets that are not known
 */
export function decodeOnnx(file: Uint8Array): OnnxFile {
  const { opsetImport, metadataProps, graph } = parse(file);
  if (!graph || graph.node.length === 0)
    throw new InputError(
      'it is no ONNX file, or one without operators; give ONNX, a model.json of TensorFlow.js or safetensors',
    );
  if (graph.node.length > MAX_NODES)
    throw new InputError(`its graph has ${graph.node.length} operators, more than ${MAX_NODES}`);
  if (graph.sparseInitializer.length > 0)
    throw new InputError('it holds sparse initialisers, which cannot be imported; export dense ones');
  const opset = Number(opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0);
  if (opset < OPSETS.from || opset > OPSETS.to)
    throw new InputError(
      `its operator set is ${opset || 'not given'}; ${OPSETS.from} to ${OPSETS.to} can be imported, so export it with one of them, such as 17`,
    );
  return {
    opset,
    nodes: graph.node,
    initializers: graph.initializer,
    inputs: graph.input,
    outputs: graph.output,
    metadata: new Map(metadataProps.map(({ key, value }) => [key, value])),
  };
}

function parse(file: Uint8Array): ModelProto {
  try {
    return fromBinary(modelProto, file) as unknown as ModelProto;
  } catch {
    throw new InputError(
      'it is no ONNX file, or a damaged one; give ONNX, a model.json of TensorFlow.js or safetensors',
    );
  }
}
