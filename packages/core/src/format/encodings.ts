import { allocPlanes, type Planes } from '../bits/planes.js';
import { planesToStream, streamBytes, streamToPlanes } from '../bits/stream.js';
import { InputError } from '../errors.js';
import type { ValueType, WeightData } from '../graph/model.js';
import { fromFloat16Bits, toFloat16Bits } from '../tensor/float16.js';
import { type Shape, sameShape } from '../tensor/shape.js';
import { type DType, elementsOf, type StoredTensor } from './container.js';
import type { Descriptor } from './documents.js';
import { decodePositions, encodePositions } from './positions.js';
import { show } from './schema.js';

/** How each weight encoding is laid out in tensors. Parameter p keeps its part x in the tensor `p.x`. */

export interface EncodedWeight {
  readonly descriptor: Descriptor;
  /** By tensor name. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

type Parts = Readonly<Record<string, StoredTensor | undefined>>;

/** @param w valid by checkWeight */
export function encodeWeight(name: string, w: WeightData): EncodedWeight {
  const stored = Object.entries(partsOf(w)).filter(
    (part): part is [string, StoredTensor] => part[1] !== undefined,
  );
  const parts = Object.fromEntries(stored.map(([part]) => [part, `${name}.${part}`]));
  const tensors = new Map(stored.map(([part, tensor]) => [`${name}.${part}`, tensor]));
  return { descriptor: { ...headOf(w), parts }, tensors };
}

function headOf(w: WeightData) {
  const shape = [...w.shape];
  switch (w.encoding) {
    case 'apb':
    case 'sparse':
      return { encoding: w.encoding, shape, valueType: w.valueType };
    case 'kbit':
      return { encoding: w.encoding, shape, bits: w.codes.bits };
    case 'sparseKbit':
      return { encoding: w.encoding, shape, bits: w.codes.bits, count: w.positions.length };
    default:
      return { encoding: w.encoding, shape };
  }
}

function partsOf(w: WeightData): Parts {
  switch (w.encoding) {
    case 'float':
      return { values: floats(w.values, w.shape) };
    case 'apb':
      return {
        signs: stream(w.weights.signs),
        scales: floats(w.weights.scales),
        ...sparseParts(w.weights.positions, w.weights.values, w.valueType),
      };
    case 'binary':
      return { signs: stream(w.signs), scales: floats(w.scales) };
    case 'ternary':
      return { nonzero: stream(w.nonzero), signs: stream(w.signs), scales: floats(w.scales) };
    case 'kbit':
      return { codes: stream(w.codes), scales: floats(w.scales) };
    case 'sparse':
      return sparseParts(w.positions, w.values, w.valueType);
    case 'sparseKbit':
      return w.positions.length === 0
        ? { scales: floats(w.scales) }
        : {
            positions: bytes(encodePositions(w.positions)),
            codes: stream(w.codes),
            scales: floats(w.scales),
          };
  }
}

/** Nothing is stored for no values: safetensors readers disagree on empty tensors. */
function sparseParts(positions: Uint32Array, values: Float32Array, valueType: ValueType): Parts {
  if (positions.length === 0) return {};
  return {
    positions: bytes(encodePositions(positions)),
    values: valueType === 'float16' ? halves(values) : floats(values),
  };
}

/**
 * Reads one parameter from the tensors its descriptor names. What it allocates is bounded by the tensors'
 * sizes: 32 times the stream of signs or codes at most (rows of one weight), else 4 times.
 * @param take hands out the tensor of a name, each once
 * @throws InputError naming the parameter and the part
 */
export function decodeWeight(
  name: string,
  d: Descriptor,
  take: (tensor: string) => StoredTensor,
): WeightData {
  const what = `parameter ${show(name)}`;
  const size = elementsOf(d.shape, what);
  const unread = new Set(Object.keys(d.parts));

  const part = (key: string, dtype: DType, shape?: Shape): StoredTensor => {
    if (!unread.delete(key)) throw new InputError(`${what} has no part ${key}`);
    const tensor = take(d.parts[key]);
    if (tensor.dtype !== dtype || (shape ? !sameShape(tensor.shape, shape) : tensor.shape.length !== 1))
      throw new InputError(
        `tensor ${show(d.parts[key])} is ${tensor.dtype} [${tensor.shape}], not ${dtype} [${shape ?? 'any length'}]`,
      );
    return tensor;
  };
  const planes = (
    key: string,
    kind: 'sign' | 'code',
    bits: number,
    [rows, k] = [d.shape[0], size / d.shape[0]],
  ): Planes => {
    const { bytes } = part(key, 'U8', [streamBytes(rows * k, bits)]);
    try {
      return streamToPlanes(bytes, kind, bits, rows, k);
    } catch (e) {
      throw new InputError(`${key} of ${what}: ${(e as Error).message}`);
    }
  };
  const scales = (): Float32Array => readFloats(part('scales', 'F32'));
  const sparse = (valueType: ValueType): { positions: Uint32Array; values: Float32Array } => {
    if (!unread.has('values')) return { positions: new Uint32Array(0), values: new Float32Array(0) };
    const values =
      valueType === 'float16' ? readHalves(part('values', 'F16')) : readFloats(part('values', 'F32'));
    const code = part('positions', 'U8').bytes;
    return { positions: decodePositions(code, values.length, size, `positions of ${what}`), values };
  };

  const weight = ((): WeightData => {
    const { shape } = d;
    switch (d.encoding) {
      case 'float':
        return { encoding: 'float', shape, values: readFloats(part('values', 'F32', shape)) };
      case 'apb': {
        const weights = { signs: planes('signs', 'sign', 1), scales: scales(), ...sparse(d.valueType) };
        return { encoding: 'apb', shape, weights, valueType: d.valueType };
      }
      case 'binary':
        return { encoding: 'binary', shape, signs: planes('signs', 'sign', 1), scales: scales() };
      case 'ternary': {
        const nonzero = planes('nonzero', 'code', 1);
        return { encoding: 'ternary', shape, nonzero, signs: planes('signs', 'sign', 1), scales: scales() };
      }
      case 'kbit':
        return { encoding: 'kbit', shape, codes: planes('codes', 'code', d.bits), scales: scales() };
      case 'sparse':
        return { encoding: 'sparse', shape, ...sparse(d.valueType), valueType: d.valueType };
      case 'sparseKbit': {
        const { bits, count } = d;
        if (count > size) throw new InputError(`${what} has ${count} positions for only ${size} weights`);
        if (count === 0)
          return {
            encoding: 'sparseKbit',
            shape,
            positions: new Uint32Array(0),
            codes: allocPlanes('code', bits, 1, 0),
            scales: scales(),
          };
        // The codes' length bounds the count before memory is taken for positions.
        const codes = planes('codes', 'code', bits, [1, count]);
        const positions = decodePositions(part('positions', 'U8').bytes, count, size, `positions of ${what}`);
        return { encoding: 'sparseKbit', shape, positions, codes, scales: scales() };
      }
    }
  })();
  for (const key of unread) throw new InputError(`${what} has the unknown part ${show(key)}`);
  return weight;
}

function stream(planes: Planes): StoredTensor {
  return bytes(planesToStream(planes));
}

function bytes(data: Uint8Array): StoredTensor {
  return { dtype: 'U8', shape: [data.length], bytes: data };
}

function floats(values: Float32Array, shape: Shape = [values.length]): StoredTensor {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i], true);
  return { dtype: 'F32', shape, bytes: new Uint8Array(view.buffer) };
}

function halves(values: Float32Array): StoredTensor {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  for (let i = 0; i < values.length; i++) view.setUint16(i * 2, toFloat16Bits(values[i]), true);
  return { dtype: 'F16', shape: [values.length], bytes: new Uint8Array(view.buffer) };
}

function readFloats({ bytes }: StoredTensor): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const values = new Float32Array(bytes.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(i * 4, true);
  return values;
}

function readHalves({ bytes }: StoredTensor): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const values = new Float32Array(bytes.length / 2);
  for (let i = 0; i < values.length; i++) values[i] = fromFloat16Bits(view.getUint16(i * 2, true));
  return values;
}
