import { create, toBinary } from '@bufbuild/protobuf';
import { modelProto } from '../src/onnx/schema.js';

/** Attribute types of the format. */
const [FLOAT, INT, STRING, TENSOR, FLOATS, INTS] = [1, 2, 3, 4, 6, 7];

type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: object };

export interface HandNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

export interface HandFile {
  readonly input?: {
    readonly name: string;
    readonly dims: readonly (number | string)[];
    readonly type?: number;
  };
  readonly output?: string;
  readonly nodes: readonly HandNode[];
  readonly constants?: readonly object[];
  readonly opset?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An initialiser of float32, as raw bytes. */
export function floats(name: string, dims: readonly number[], values: ArrayLike<number>) {
  const rawData = new Uint8Array(Float32Array.from(values).buffer);
  return { name, dataType: 1, dims: dims.map(BigInt), rawData };
}

/** An initialiser of int64, as a list. */
export function ints(name: string, values: readonly number[]) {
  return { name, dataType: 7, dims: [BigInt(values.length)], int64Data: values.map(BigInt) };
}

/** An ONNX file written field by field, right or wrong. */
export function onnxFile({
  input = { name: 'x', dims: ['N', 3, 7, 6] },
  output,
  nodes,
  constants = [],
  opset = 17,
  metadata = {},
}: HandFile): Uint8Array {
  const value = (name: string, dims: readonly (number | string)[], elemType = 1) => ({
    name,
    type: {
      tensorType: {
        elemType,
        shape: { dim: dims.map(d => (typeof d === 'number' ? { dimValue: BigInt(d) } : { dimParam: d })) },
      },
    },
  });
  const last = output ?? nodes[nodes.length - 1]?.output ?? 'y';
  const model = {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    metadataProps: Object.entries(metadata).map(([key, text]) => ({ key, value: text })),
    graph: {
      name: 'hand',
      node: nodes.map(({ op, inputs, output: made, attributes = {}, domain }) => ({
        opType: op,
        name: `${op}_${made}`,
        input: inputs,
        output: [made],
        ...(domain && { domain }),
        attribute: Object.entries(attributes).map(([name, given]) => attribute(name, given)),
      })),
      initializer: constants,
      input: [value(input.name, input.dims, input.type)],
      output: [{ name: last, type: { tensorType: { elemType: 1 } } }],
    },
  };
  return toBinary(modelProto, create(modelProto, model as Record<string, unknown>));
}

function attribute(name: string, value: Attribute): object {
  if (typeof value === 'number') return { name, type: INT, i: BigInt(value) };
  if (typeof value === 'string') return { name, type: STRING, s: new TextEncoder().encode(value) };
  if ('tensor' in value) return { name, type: TENSOR, t: value.tensor };
  if ('float' in value) return { name, type: FLOAT, f: value.float };
  return value.every(Number.isInteger)
    ? { name, type: INTS, ints: value.map(BigInt) }
    : { name, type: FLOATS, floats: value };
}
