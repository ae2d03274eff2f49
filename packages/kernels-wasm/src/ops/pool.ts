import { checkPoolGeometry, expectRank, expectShape, type PoolGeometry } from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { forEachChunk, poolWindows, TapTable } from '../windows.js';

/** Output pixels whose windows are looked up at once. */
const CHUNK = 64;

/** The largest in-bounds value of each window. */
export function maxPool(device: Device, geometry: PoolGeometry, x: WasmBuffer, out: WasmBuffer): void {
  pool(device, geometry, x, out, (to, table, count, taps) =>
    device.kernels.maxPool(to, table, count, taps, x.floats, x.k),
  );
}

/** Mean over the in-bounds pixels of each window, or over the whole window when padding counts. */
export function avgPool(
  device: Device,
  geometry: PoolGeometry,
  countPadding: boolean,
  x: WasmBuffer,
  out: WasmBuffer,
): void {
  pool(device, geometry, x, out, (to, table, count, taps) =>
    device.kernels.avgPool(to, table, count, taps, x.floats, x.k, countPadding ? taps : 0),
  );
}

/** [N, H, W, C] -> [N, C]: an average over one window that is the whole picture. */
export function globalAvgPool(device: Device, x: WasmBuffer, out: WasmBuffer): void {
  expectRank(x.shape, 4, 'the input of globalAvgPool');
  const [n, h, w, c] = x.shape;
  expectShape(out.shape, [n, c], 'the output of globalAvgPool');
  const pixels = h * w;
  if (pixels === 0) throw new RangeError(`globalAvgPool of [${x.shape}] has no pixels`);
  device.withScratch(scratch => {
    const table = scratch.put(Int32Array.from({ length: pixels }, (_, i) => i));
    for (let i = 0; i < n; i++) {
      const from = x.floats + 4 * i * pixels * c;
      device.kernels.avgPool(out.floats + 4 * i * c, table, 1, pixels, from, c, pixels);
    }
  });
}

function pool(
  device: Device,
  geometry: PoolGeometry,
  x: WasmBuffer,
  out: WasmBuffer,
  reduce: (to: number, table: number, count: number, taps: number) => void,
): void {
  checkPoolGeometry(geometry);
  expectRank(x.shape, 4, 'the input of pooling');
  const windows = poolWindows(x.shape, geometry);
  const { pictures, outH, outW, kh, kw } = windows;
  expectShape(out.shape, [pictures, outH, outW, x.k], 'the output of pooling');
  device.withScratch(scratch => {
    const table = new TapTable(device, scratch, windows, CHUNK);
    forEachChunk(windows.outPixels, CHUNK, (first, count) => {
      table.fill(first, count);
      reduce(out.floats + 4 * first * x.k, table.address, count, kh * kw);
    });
  });
}
