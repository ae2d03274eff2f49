import {
  checkQuantizer,
  dequantizeValue,
  encodingOf,
  expectEncoding,
  expectShape,
  type Quantizer,
} from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';

/** Float -> planes of the same shape. */
export function quantize(device: Device, quantizer: Quantizer, x: WasmBuffer, out: WasmBuffer): void {
  expectShape(out.shape, x.shape, 'the output of quantize');
  expectQuantized(quantizer, out);
  quantizeRows(device, quantizer, x.floats, out, 0, x.rows);
}

/** @throws RangeError when the quantizer is wrong or the planes were not made for it */
export function expectQuantized(quantizer: Quantizer, out: WasmBuffer): void {
  checkQuantizer(quantizer);
  expectEncoding(out.encoding, encodingOf(quantizer), 'the output of this quantizer');
}

/** Quantizes contiguous [count, k] floats into rows `first` and on of planes. */
export function quantizeRows(
  { kernels }: Device,
  q: Quantizer,
  from: number,
  out: WasmBuffer,
  first: number,
  count: number,
): void {
  const to = out.bits + first * out.rowBytes;
  if (q.kind === 'sign') kernels.quantizeSigns(to, from, count, out.k);
  else kernels.quantizeCodes(to, out.planeBytes, q.bits, from, count, out.k, q.lo, q.hi, q.inv);
}

/** Planes -> the floats they stand for, of the same shape. */
export function dequantize(device: Device, x: WasmBuffer, out: WasmBuffer): void {
  expectShape(out.shape, x.shape, 'the output of dequantize');
  const { encoding, bits: from } = x;
  const values = Float32Array.from({ length: 2 ** encoding.bits }, (_, code) =>
    dequantizeValue(code, encoding),
  );
  device.withScratch(scratch => {
    const { kernels } = device;
    const table = scratch.put(values);
    kernels.dequantize(out.floats, from, x.planeBytes, x.rowBytes, encoding.bits, x.rows, x.k, table);
  });
}
