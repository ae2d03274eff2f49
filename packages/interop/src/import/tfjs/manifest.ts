import { fromFloat16Bits, InputError, type Shape } from '@apb/core';

/** A layer's array as float32 numbers. */
export interface Weight {
  readonly shape: Shape;
  readonly values: Float32Array;
}

interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number };
}

const BYTES: Readonly<Record<string, number>> = { float32: 4, uint8: 1, uint16: 2, float16: 2 };

/** Reads another file of the model's folder. */
export type Sibling = (name: string) => Promise<Uint8Array>;

/**
 * Reads the weights that a model.json lists, quantized ones decoded as `q * scale + min`.
 * @throws InputError for names that leave the folder, for missing bytes and for types that hold no weights
 */
export async function readWeights(manifest: unknown, sibling: Sibling): Promise<Map<string, Weight>> {
  const weights = new Map<string, Weight>();
  for (const group of listOf(manifest, 'weightsManifest')) {
    const { paths, weights: specs } = group as { paths?: unknown; weights?: unknown };
    const shards: Uint8Array[] = [];
    for (const path of listOf(paths, 'paths of weightsManifest'))
      shards.push(await sibling(checkedPath(path)));
    const bytes = joined(shards);
    let at = 0;
    for (const given of listOf(specs, 'weights of weightsManifest')) {
      const spec = checkedSpec(given);
      const type = spec.quantization?.dtype ?? spec.dtype;
      const size = spec.shape.reduce((a, b) => a * b, 1);
      const length = size * (BYTES[type] ?? Number.NaN);
      if (!(length <= bytes.length - at))
        throw new InputError(
          `weight ${JSON.stringify(spec.name)} of ${type} [${spec.shape}] ${type in BYTES ? 'is cut short: its shards hold too few bytes' : 'cannot be imported; float32 can, or uint8, uint16 and float16 quantized'}`,
        );
      if (weights.has(spec.name)) throw new InputError(`weight ${JSON.stringify(spec.name)} is there twice`);
      const data = new DataView(bytes.buffer, bytes.byteOffset + at, length);
      weights.set(spec.name, { shape: spec.shape, values: decoded(data, type, size, spec) });
      at += length;
    }
  }
  return weights;
}

function decoded(data: DataView, type: string, size: number, { name, quantization }: Spec): Float32Array {
  const values = new Float32Array(size);
  if (type === 'float32') for (let i = 0; i < size; i++) values[i] = data.getFloat32(4 * i, true);
  else if (type === 'float16')
    for (let i = 0; i < size; i++) values[i] = fromFloat16Bits(data.getUint16(2 * i, true));
  else {
    const { scale, min } = quantization ?? {};
    if (typeof scale !== 'number' || typeof min !== 'number')
      throw new InputError(`weight ${JSON.stringify(name)}: its quantization has no scale and min`);
    for (let i = 0; i < size; i++)
      values[i] = (type === 'uint8' ? data.getUint8(i) : data.getUint16(2 * i, true)) * scale + min;
  }
  return values;
}

function checkedSpec(value: unknown): Spec {
  const spec = value as Partial<Spec> | null;
  const shape = spec?.shape;
  if (
    typeof spec?.name !== 'string' ||
    typeof spec.dtype !== 'string' ||
    !Array.isArray(shape) ||
    shape.some(d => !Number.isInteger(d) || d < 0 || d > 2 ** 31)
  )
    throw new InputError('an entry of weightsManifest has no name, dtype or shape');
  return spec as Spec;
}

/** A file name, or a path below the folder. */
function checkedPath(path: unknown): string {
  if (typeof path === 'string' && /^[^/\\:\0]+(\/[^/\\:\0]+)*$/.test(path) && !path.split('/').includes('..'))
    return path;
  throw new InputError(
    `the shard ${JSON.stringify(path)} of weightsManifest is no file of the model's folder`,
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function listOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new InputError(`${what} of model.json is no list`);
  return value;
}
