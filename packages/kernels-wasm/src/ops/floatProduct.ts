import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { roundUp, type Scope } from '../memory.js';
import type { FloatWeights } from '../weights.js';
import { forEachChunk, TapTable, type Windows } from '../windows.js';
import type { Finish } from './finish.js';

/** Output pixels that meet a panel before the next one: enough to make expanding a packed panel cheap. */
export const FLOAT_CHUNK = 64;
/** Pixels of a tile in assembly/floatProduct.ts. */
const TILE = 4;

/** Products with float input, each sum in float32 in ascending order of k. */
export function floatProduct(
  device: Device,
  scratch: Scope,
  x: WasmBuffer,
  w: FloatWeights,
  windows: Windows,
  finish: Finish,
): void {
  const { kernels } = device;
  const { groups, paddedRows, taps, channels } = w;
  const spread = 4 * groups * paddedRows;
  const products = scratch.alloc(FLOAT_CHUNK * spread);
  const zeros = scratch.zeros(4 * channels);
  const table = new TapTable(device, scratch, windows, FLOAT_CHUNK);
  const panelAt = panels(device, scratch, w);
  const from = x.floats;
  forEachChunk(windows.outPixels, FLOAT_CHUNK, (first, count) => {
    table.fill(first, count);
    for (let g = 0; g < groups; g++)
      for (let row = 0; row < paddedRows; row += device.floatPanel)
        kernels.floatProduct(
          products + 4 * (g * paddedRows + row),
          spread,
          panelAt(g, row),
          table.address,
          roundUp(count, TILE),
          taps,
          from + 4 * g * channels,
          4 * x.k,
          channels,
          zeros,
        );
    finish(products, first, count);
  });
}

/** Where the panel of a group that starts at a row is, expanded into scratch memory if it is packed. */
function panels(
  { kernels, floatPanel }: Device,
  scratch: Scope,
  w: FloatWeights,
): (group: number, row: number) => number {
  const { content, groupRows, paddedRows, taps, channels } = w;
  const k = taps * channels;
  if (content.kind === 'panels') return (group, row) => content.panels + 4 * (group * paddedRows + row) * k;
  const { signs, rowBytes, scales, sparse } = content;
  const panel = scratch.alloc(4 * floatPanel * roundUp(k, 32));
  return (group, row) => {
    const padded = group * paddedRows + row;
    kernels.expandPanel(
      panel,
      signs + padded * rowBytes,
      rowBytes,
      scales + 4 * padded,
      Math.min(floatPanel, groupRows - row),
      sparse.rowStart + 4 * (group * groupRows + row),
      sparse.columns,
      sparse.values,
    );
    return panel;
  };
}
