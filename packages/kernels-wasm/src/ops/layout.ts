import {
  checkInteger,
  checkPair,
  expectEncoding,
  expectRank,
  expectShape,
  type Pair,
  sizeOf,
} from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { convWindows, forEachChunk, TapTable } from '../windows.js';

/** Pixels moved at once. */
const CHUNK = 256;

/** [N, H, W, C] -> [N, ceil(H / sv), ceil(W / sh), C]: every strides-th pixel, starting at the first. */
export function subsample(device: Device, strides: Pair, x: WasmBuffer, out: WasmBuffer): void {
  checkPair(strides, 1, 'strides');
  expectRank(x.shape, 4, 'the input of subsample');
  const [n, h, w, c] = x.shape;
  expectShape(
    out.shape,
    [n, Math.ceil(h / strides[0]), Math.ceil(w / strides[1]), c],
    'the output of subsample',
  );
  const from = x.floats;
  const to = out.floats;
  if (out.elements === 0) return;
  const windows = convWindows(x.shape, { kernel: [1, 1], strides, dilations: [1, 1], pads: [0, 0, 0, 0] });
  device.withScratch(scratch => {
    const table = new TapTable(device, scratch, windows, CHUNK);
    forEachChunk(windows.outPixels, CHUNK, (first, count) => {
      table.fill(first, count);
      device.kernels.gatherRows(to + 4 * first * c, table.address, count, from, 4 * c);
    });
  });
}

/** Zero channels before and after those of the last axis. */
export function padChannels(
  device: Device,
  before: number,
  after: number,
  x: WasmBuffer,
  out: WasmBuffer,
): void {
  checkInteger(before, 0, 'padChannels before');
  checkInteger(after, 0, 'padChannels after');
  if (x.shape.length === 0) throw new RangeError('padChannels needs at least one axis');
  expectShape(out.shape, [...x.shape.slice(0, -1), before + x.k + after], 'the output of padChannels');
  device.kernels.padRows(out.floats, x.floats, x.rows, 4 * x.k, 4 * before, 4 * after);
}

/** The same values in the same row-major order; planes are repacked where the last axis changes. */
export function reshape(device: Device, x: WasmBuffer, out: WasmBuffer): void {
  if (sizeOf(x.shape) !== sizeOf(out.shape))
    throw new RangeError(`[${x.shape}] cannot be reshaped to [${out.shape}]`);
  if (x.spec.kind === 'float') {
    device.memory.copy(out.floats, x.floats, 4 * x.elements);
    return;
  }
  expectEncoding(out.encoding, x.encoding, 'the output of reshape');
  for (let plane = 0; plane < x.planes; plane++)
    device.kernels.repackRows(
      out.bits + plane * out.planeBytes,
      out.rows,
      out.k,
      x.bits + plane * x.planeBytes,
      x.k,
    );
}
