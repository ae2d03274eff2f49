import { InputError } from '../errors.js';
import type { Shape } from '../tensor/shape.js';
import { parseJson, toJson } from './json.js';
import * as s from './schema.js';

/**
 * The safetensors container: header length (8 bytes, little-endian), JSON header, data. The header gives
 * each tensor's dtype, shape and offsets into the data, and under `__metadata__` strings by key.
 */

export type DType = 'F32' | 'F16' | 'U8';

/** A tensor as it lies in the file: little-endian, row-major. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

export interface Container {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const METADATA = '__metadata__';
const PREFIX_BYTES = 8;
/** What other safetensors readers accept, and three orders of magnitude above our largest header. */
const MAX_HEADER_BYTES = 100_000_000;
const elementBytes: Readonly<Record<DType, number>> = { F32: 4, F16: 2, U8: 1 };

/** Tensors in file order: wide elements first, so that every tensor is aligned to its element; then by name. */
export function inFileOrder(tensors: ReadonlyMap<string, StoredTensor>): [string, StoredTensor][] {
  return [...tensors].sort(
    ([a, x], [b, y]) => elementBytes[y.dtype] - elementBytes[x.dtype] || (a < b ? -1 : 1),
  );
}

/** Writes a container; the header is padded with spaces to 8 bytes. Same content, same bytes. */
export function packContainer({ metadata, tensors }: Container): Uint8Array {
  const ordered = inFileOrder(tensors);
  let end = 0;
  const fields = ordered.map(([name, { dtype, shape, bytes }]) => {
    const begin = end;
    end += bytes.length;
    return `${JSON.stringify(name)}:${toJson({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  const header = new TextEncoder().encode(`{${[`"${METADATA}":${toJson(metadata)}`, ...fields].join(',')}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES)
    throw new InputError(`the header would exceed ${MAX_HEADER_BYTES} bytes`);
  const file = new Uint8Array(PREFIX_BYTES + headerBytes + end).fill(
    0x20,
    PREFIX_BYTES,
    PREFIX_BYTES + headerBytes,
  );
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(header, PREFIX_BYTES);
  let at = PREFIX_BYTES + headerBytes;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * Reads a container from an untrusted source. The tensors' bytes are views into `file`; they cover the data
 * section without gap or overlap.
 * @throws InputError naming the field that is wrong
 */
export function unpackContainer(file: Uint8Array): Container {
  if (file.length < PREFIX_BYTES)
    throw new InputError(`it has ${file.length} bytes, fewer than a header length`);
  const headerBytes = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (headerBytes > BigInt(file.length - PREFIX_BYTES))
    throw new InputError(`the header length is ${headerBytes}, but the file has ${file.length} bytes`);
  if (headerBytes > BigInt(MAX_HEADER_BYTES))
    throw new InputError(`the header length ${headerBytes} exceeds ${MAX_HEADER_BYTES}`);
  const dataStart = PREFIX_BYTES + Number(headerBytes);
  const header = parseJson(decodeUtf8(file.subarray(PREFIX_BYTES, dataStart)), 'the header');
  const { [METADATA]: metadata, ...tensors } = s.dictionary(value => value)(header, 'the header');
  return {
    metadata: s.dictionary(s.text)(metadata, METADATA),
    tensors: cutTensors(s.dictionary(tensorInfo)(tensors, 'the header'), file.subarray(dataStart)),
  };
}

interface TensorInfo {
  readonly dtype: DType;
  readonly shape: number[];
  readonly data_offsets: number[];
}

const tensorInfo = s.object<TensorInfo>({
  dtype: s.oneOf<DType>('F32', 'F16', 'U8'),
  shape: s.shape,
  data_offsets: s.list(s.integer(0, Number.MAX_SAFE_INTEGER), 2),
});

function cutTensors(
  infos: Readonly<Record<string, TensorInfo>>,
  data: Uint8Array,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  let covered = 0;
  const byOffset = Object.entries(infos).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [name, { dtype, shape, data_offsets }] of byOffset) {
    const [begin, end] = data_offsets;
    const what = `tensor ${s.show(name)}`;
    if (begin !== covered)
      throw new InputError(`${what} begins at ${begin}, but the tensor before it ends at ${covered}`);
    if (end > data.length)
      throw new InputError(`${what} ends at ${end}, but the data section has ${data.length} bytes`);
    if (end - begin !== elementsOf(shape, what) * elementBytes[dtype])
      throw new InputError(`${what} of ${dtype} [${shape}] cannot have ${end - begin} bytes`);
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) });
    covered = end;
  }
  if (covered !== data.length)
    throw new InputError(`the tensors end at ${covered}, the data section at ${data.length}`);
  return tensors;
}

/** Number of elements, refused beyond 2^31 - 1: positions and plane indices are 32-bit. */
export function elementsOf(shape: Shape, what: string): number {
  // Axes are integers from 1 to 2^31 - 1 and at most 8, so the product is finite.
  const size = shape.reduce((a, b) => a * b, 1);
  if (size > s.MAX_INT)
    throw new InputError(`${what} has the shape [${shape}] of more than ${s.MAX_INT} elements`);
  return size;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError('the header is not UTF-8');
  }
}
