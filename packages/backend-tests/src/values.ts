import type { BufferSpec, DeviceBuffer, Encoding, KernelBackend, Planes, Shape } from '@apb/core';
import { type Codes, packed } from './oracle/codes.js';

/** What goes into a buffer or came out of one. */
export type Value =
  | { readonly kind: 'float'; readonly shape: Shape; readonly data: Float32Array }
  | { readonly kind: 'planes'; readonly shape: Shape; readonly encoding: Encoding; readonly planes: Planes };

export function floats(shape: Shape, data: Float32Array): Value {
  return { kind: 'float', shape, data };
}

export function planesOf(codes: Codes): Value {
  return { kind: 'planes', shape: codes.shape, encoding: codes.encoding, planes: packed(codes) };
}

export function specOf(value: Value): BufferSpec {
  return value.kind === 'float'
    ? { kind: 'float', shape: value.shape }
    : { kind: 'planes', shape: value.shape, encoding: value.encoding };
}

/** A copy in the middle of a larger array, so that a backend that ignores byteOffset or length is caught. */
export function inTheMiddle<T extends Float32Array | Uint32Array>(values: T): T {
  const Whole = values.constructor as new (length: number) => T;
  const whole = new Whole(values.length + 8).fill(0x55555555);
  const middle = whole.subarray(3, 3 + values.length) as T;
  middle.set(values);
  return middle;
}

export function put(backend: KernelBackend, value: Value): DeviceBuffer {
  if (value.kind === 'float') return backend.upload({ shape: value.shape, data: inTheMiddle(value.data) });
  const planes = { ...value.planes, words: inTheMiddle(value.planes.words) };
  return backend.importPlanes(planes, value.encoding, value.shape);
}

export function take(backend: KernelBackend, buffer: DeviceBuffer): Value {
  const { spec } = buffer;
  if (spec.kind === 'float') return { ...spec, data: backend.download(buffer).data };
  return { ...spec, planes: backend.exportPlanes(buffer) };
}

/** A buffer of this spec full of values that no problem expects: a large number, or every bit set. */
export function junk(backend: KernelBackend, spec: BufferSpec): DeviceBuffer {
  const size = spec.shape.reduce((a, b) => a * b, 1);
  if (spec.kind === 'float') return put(backend, floats(spec.shape, new Float32Array(size).fill(-7.77e30)));
  const codes = new Uint8Array(size).fill(2 ** spec.encoding.bits - 1);
  return put(backend, planesOf({ shape: spec.shape, encoding: spec.encoding, codes }));
}
