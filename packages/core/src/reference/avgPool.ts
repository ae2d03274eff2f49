import type { PoolGeometry } from '../backend/geometry.js';
import type { ReferenceBuffer } from './buffer.js';
import { pool } from './pooling.js';

const f = Math.fround;

/**
 * Mean over the window: float32 sum of the in-bounds pixels in row-major order from +0, times fl(1 / count);
 * count is the in-bounds pixels, or the whole window when padding counts.
 */
export function avgPool(
  geometry: PoolGeometry,
  countPadding: boolean,
  x: ReferenceBuffer,
  out: ReferenceBuffer,
): void {
  const whole = geometry.window[0] * geometry.window[1];
  pool(x, geometry, out, (from, start, rowStride, columnStride, { top, bottom, left, right }) => {
    let sum = 0;
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) sum = f(sum + from[start + y * rowStride + x * columnStride]);
    return f(sum * f(1 / (countPadding ? whole : (bottom - top) * (right - left))));
  });
}
