import { type Epilogue, expectChannels, expectShape } from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import type { Scope } from '../memory.js';
import type { RowLayout } from '../weights.js';
import { activator } from './activate.js';
import { expectQuantized, quantizeRows } from './quantize.js';

/** Takes the products of `count` output pixels from `first` on, [count, all padded rows] float32. */
export type Finish = (products: number, first: number, count: number) => void;

/**
 * The second half of the epilogue (core's op.ts): scale and shift, residual, activation, quantizer, each over a
 * chunk that is still in the cache.
 * @param chunk most pixels of one call
 * @throws RangeError when epilogue, residual and output do not fit each other
 */
export function finisher(
  device: Device,
  scratch: Scope,
  e: Epilogue,
  layout: RowLayout,
  residual: WasmBuffer | undefined,
  out: WasmBuffer,
  chunk: number,
): Finish {
  const { kernels } = device;
  const channels = out.k;
  expectChannels(e.scale, channels, 'epilogue scale');
  expectChannels(e.shift, channels, 'epilogue shift');
  if (residual) expectShape(residual.shape, out.shape, 'the residual');
  if (e.quantizer) expectQuantized(e.quantizer, out);
  const scale = scratch.put(e.scale);
  const shift = scratch.put(e.shift);
  const activate = activator(device, scratch, e.activation, channels);
  const stage = e.quantizer ? scratch.alloc(4 * chunk * channels) : 0;
  const target = e.quantizer ? 0 : out.floats;
  const added = residual?.floats;
  const bytes = 4 * channels;
  const spread = 4 * layout.groups * layout.paddedRows;
  return (products, first, count) => {
    const y = e.quantizer ? stage : target + first * bytes;
    for (const { row, at, rows } of stretches(layout))
      kernels.affine(
        y + 4 * row,
        bytes,
        products + 4 * at,
        spread,
        count,
        rows,
        scale + 4 * row,
        shift + 4 * row,
      );
    if (added !== undefined) kernels.add(y, y, added + first * bytes, count * channels);
    activate?.(y, y, count);
    if (e.quantizer) quantizeRows(device, e.quantizer, y, out, first, count);
  };
}

/** Runs of rows that are contiguous in the padded layout: one, unless padding stands between groups. */
function stretches({
  groups,
  groupRows,
  paddedRows,
}: RowLayout): { row: number; at: number; rows: number }[] {
  if (groups === 1 || groupRows === paddedRows) return [{ row: 0, at: 0, rows: groups * groupRows }];
  return Array.from({ length: groups }, (_, g) => ({
    row: g * groupRows,
    at: g * paddedRows,
    rows: groupRows,
  }));
}
