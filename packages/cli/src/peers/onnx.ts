/** Element types of the ONNX format. */
export const ONNX_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6 } as const;
type ElementType = keyof typeof ONNX_TYPES;

/** A tensor of an ONNX model: its name, type and shape. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

/**
 * An ONNX model of one operator: output y of input x and, where given, a constant. The few fields it takes are written
 * by hand (onnx.proto3, IR version 8, opset 17), which saves the command line a protobuf library.
 */
export function onnxModel(
  operator: string,
  input: OnnxValue,
  output: OnnxValue,
  constant?: OnnxValue & { readonly data: Uint8Array },
): Uint8Array {
  const inputs = constant ? [input, constant] : [input];
  const node = join(
    ...inputs.map(({ name }) => text(1, name)),
    text(2, output.name),
    text(3, operator),
    text(4, operator),
  );
  const graph = join(
    field(1, node),
    text(2, 'graph'),
    ...(constant ? [field(5, tensorProto(constant))] : []),
    field(11, valueInfo(input)),
    field(12, valueInfo(output)),
  );
  return join(number(1, 8), field(7, graph), field(8, join(text(1, ''), number(2, 17))));
}

function tensorProto({ name, type, dims, data }: OnnxValue & { readonly data: Uint8Array }): Uint8Array {
  const sizes = dims.map(dim => number(1, dim));
  return join(...sizes, number(2, ONNX_TYPES[type]), text(8, name), field(9, data));
}

function valueInfo({ name, type, dims }: OnnxValue): Uint8Array {
  const shape = join(...dims.map(dim => field(1, number(1, dim))));
  const tensorType = join(number(1, ONNX_TYPES[type]), field(2, shape));
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
