import { expectShape } from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';

/**
 * exp(x - max) / sum over the last axis, in float64 and rounded once to float32. In JavaScript: WebAssembly has no
 * exponential, a network's last layer is short, and Math.exp gives the reference's bits.
 */
export function softmax(device: Device, x: WasmBuffer, out: WasmBuffer): void {
  expectShape(out.shape, x.shape, 'the output of softmax');
  if (x.shape.length === 0) throw new RangeError('softmax needs at least one axis');
  const from = device.memory.floats(x.floats, x.elements);
  const to = device.memory.floats(out.floats, x.elements);
  for (let start = 0; start < from.length; start += x.k) {
    const row = Float64Array.from(from.subarray(start, start + x.k));
    const top = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map(v => Math.exp(v - top));
    const sum = powers.reduce((a, b) => a + b);
    to.set(
      powers.map(p => p / sum),
      start,
    );
  }
}
