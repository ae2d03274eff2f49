/** Element types of the ONNX format. */
const ELEMENT_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6 } as const;
export type OnnxElementType = keyof typeof ELEMENT_TYPES;

/** Attribute type: a list of integers. */
const INTS = 7;

/** Input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxElementType;
  readonly dims: readonly number[];
}

/** A constant; `data` row-major, little-endian. */
export interface OnnxTensor extends OnnxValue {
  readonly data: Uint8Array;
}

/** One operation of the standard operator set. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, readonly number[]>>;
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
 * An ONNX file. The few fields it takes are written by hand (onnx.proto3, IR version 8, opset 17), which saves the
 * command line a protobuf library.
 */
export function encodeOnnx({ name, inputs, outputs, constants, nodes }: OnnxGraph): Uint8Array {
  const graph = join(
    ...nodes.map(node => field(1, nodeProto(node))),
    text(2, name),
    ...constants.map(constant => field(5, tensorProto(constant))),
    ...inputs.map(value => field(11, valueInfo(value))),
    ...outputs.map(value => field(12, valueInfo(value))),
  );
  return join(number(1, 8), field(7, graph), field(8, join(text(1, ''), number(2, 17))));
}

/** Names of nodes must differ, and those of their outputs do. */
function nodeProto({ op, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return join(
    ...inputs.map(name => text(1, name)),
    ...outputs.map(name => text(2, name)),
    text(3, outputs[0]),
    text(4, op),
    ...Object.entries(attributes).map(([name, values]) => field(5, intsAttribute(name, values))),
  );
}

function intsAttribute(name: string, values: readonly number[]): Uint8Array {
  return join(text(1, name), ...values.map(value => number(8, value)), number(20, INTS));
}

function tensorProto({ name, type, dims, data }: OnnxTensor): Uint8Array {
  const sizes = dims.map(dim => number(1, dim));
  return join(...sizes, number(2, ELEMENT_TYPES[type]), text(8, name), field(9, data));
}

function valueInfo({ name, type, dims }: OnnxValue): Uint8Array {
  const shape = join(...dims.map(dim => field(1, number(1, dim))));
  const tensorType = join(number(1, ELEMENT_TYPES[type]), field(2, shape));
  return join(text(1, name), field(2, field(1, tensorType)));
}

/** Field `id` with a whole number. */
function number(id: number, value: number): Uint8Array {
  return join(varint(id << 3), varint(value));
}

/** Field `id` with bytes, a message among them. */
function field(id: number, bytes: Uint8Array): Uint8Array {
  return join(varint((id << 3) | 2), varint(bytes.length), bytes);
}

function text(id: number, value: string): Uint8Array {
  return field(id, new TextEncoder().encode(value));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
