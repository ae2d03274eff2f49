import { fromFloat16Bits, InputError } from '@apb/core';
import type { TensorProto } from './decode.js';

/** A tensor that does not depend on the input, as numbers. */
export interface Constant {
  readonly dims: readonly number[];
  readonly values: Float32Array | Float64Array;
}

/** Largest axis and largest product of axes. */
const MAX_SIZE = 2 ** 31 - 1;

interface ElementType {
  readonly name: string;
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  /** The list that takes the place of raw bytes. */
  readonly list: (t: TensorProto) => ArrayLike<number | bigint>;
  readonly fromList?: (value: number) => number;
}

/** By their numbers in the format. */
const TYPES: Readonly<Record<number, ElementType>> = {
  1: { name: 'float32', bytes: 4, read: (v, at) => v.getFloat32(at, true), list: t => t.floatData },
  2: { name: 'uint8', bytes: 1, read: (v, at) => v.getUint8(at), list: t => t.int32Data },
  3: { name: 'int8', bytes: 1, read: (v, at) => v.getInt8(at), list: t => t.int32Data },
  6: { name: 'int32', bytes: 4, read: (v, at) => v.getInt32(at, true), list: t => t.int32Data },
  7: { name: 'int64', bytes: 8, read: (v, at) => Number(v.getBigInt64(at, true)), list: t => t.int64Data },
  10: {
    name: 'float16',
    bytes: 2,
    read: (v, at) => fromFloat16Bits(v.getUint16(at, true)),
    list: t => t.int32Data,
    fromList: bits => fromFloat16Bits(bits & 0xffff),
  },
  11: { name: 'float64', bytes: 8, read: (v, at) => v.getFloat64(at, true), list: t => t.doubleData },
  16: {
    name: 'bfloat16',
    bytes: 2,
    read: (v, at) => fromBfloat16(v.getUint16(at, true)),
    list: t => t.int32Data,
    fromList: bits => fromBfloat16(bits & 0xffff),
  },
};

/**
 * Reads an initialiser or the value of a Constant.
 * @param what how messages call it
 * @throws InputError when its data lie in another file, are missing or do not fill its shape
 */
export function readConstant(t: TensorProto, what: string): Constant {
  if (t.dataLocation === 1)
    throw new InputError(
      `${what}: its data lie in another file, which is not read; save the model as one file (onnx.save without external data)`,
    );
  const type = TYPES[t.dataType];
  if (!type) throw new InputError(`${what}: its element type ${t.dataType} cannot be imported; float32 can`);
  const dims = t.dims.map(Number);
  if (dims.some(d => !Number.isInteger(d) || d < 0 || d > MAX_SIZE))
    throw new InputError(`${what}: its shape [${dims}] is wrong`);
  const size = dims.reduce((a, b) => a * b, 1);
  const { rawData } = t;
  const list = type.list(t);
  const given = rawData.length > 0 ? rawData.length / type.bytes : list.length;
  if (size > MAX_SIZE || given !== size)
    throw new InputError(`${what}: its shape [${dims}] needs ${size} values, the file has ${given}`);
  const values = t.dataType === 1 ? new Float32Array(size) : new Float64Array(size);
  if (rawData.length > 0) {
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    for (let i = 0; i < size; i++) values[i] = type.read(view, i * type.bytes);
  } else {
    const convert = type.fromList ?? (value => value);
    for (let i = 0; i < size; i++) values[i] = convert(Number(list[i]));
  }
  return { dims, values };
}

/** The upper half of a float32. */
function fromBfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
