import type { PoolGeometry } from '../backend/geometry.js';
import type { ReferenceBuffer } from './buffer.js';
import { pool } from './pooling.js';

/** The largest in-bounds value; the first of equals, which decides between +0 and -0. */
export function maxPool(geometry: PoolGeometry, x: ReferenceBuffer, out: ReferenceBuffer): void {
  pool(x, geometry, out, (from, start, rowStride, columnStride, { top, bottom, left, right }) => {
    let best = Number.NEGATIVE_INFINITY;
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        const v = from[start + y * rowStride + x * columnStride];
        if (v > best) best = v;
      }
    return best;
  });
}
