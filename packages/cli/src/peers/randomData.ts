import type { FixedValue } from './fixedShapes.js';

export function elements(value: FixedValue): number {
  return value.dims.reduce((a, b) => a * b, 1);
}

/** Bytes from 0 to 255, signed ones from -128 to 127, floats from -1 to 1. */
export function randomData(value: FixedValue): Float32Array | Uint8Array | Int8Array {
  const size = elements(value);
  if (value.type === 'float32') return Float32Array.from({ length: size }, () => 2 * Math.random() - 1);
  const data = value.type === 'uint8' ? new Uint8Array(size) : new Int8Array(size);
  for (let i = 0; i < size; i++) data[i] = Math.floor(Math.random() * 256);
  return data;
}

/** The same memory as bytes. */
export function bytesOf(data: Float32Array | Int32Array | Uint8Array | Int8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
