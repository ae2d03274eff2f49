import { checkPoolGeometry, expectRank, expectShape } from '../backend/checks.js';
import { outputSize, type PoolGeometry } from '../backend/geometry.js';
import type { ReferenceBuffer } from './buffer.js';

/** Rows and columns of the input that one output pixel's window covers, clipped to the picture; ends exclusive. */
export interface Window {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Fills every channel of every output pixel of a pooling op.
 * @param reduce gets where the picture's channel starts in `from`, the element stride of one row and one
 *   column, and the window; returns the output
 */
export function pool(
  x: ReferenceBuffer,
  g: PoolGeometry,
  out: ReferenceBuffer,
  reduce: (
    from: Float32Array,
    start: number,
    rowStride: number,
    columnStride: number,
    window: Window,
  ) => number,
): void {
  checkPoolGeometry(g);
  expectRank(x.shape, 4, 'the input of pooling');
  const [n, h, w, c] = x.shape;
  const outH = outputSize(h, g.window[0], g.strides[0], 1, g.pads[0], g.pads[2]);
  const outW = outputSize(w, g.window[1], g.strides[1], 1, g.pads[1], g.pads[3]);
  expectShape(out.shape, [n, outH, outW, c], 'the output of pooling');
  const from = x.floats;
  const to = out.floats;
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let y = 0; y < outH; y++)
      for (let ox = 0; ox < outW; ox++) {
        const y0 = y * g.strides[0] - g.pads[0];
        const x0 = ox * g.strides[1] - g.pads[1];
        const window = {
          top: Math.max(y0, 0),
          bottom: Math.min(y0 + g.window[0], h),
          left: Math.max(x0, 0),
          right: Math.min(x0 + g.window[1], w),
        };
        for (let ch = 0; ch < c; ch++) to[at++] = reduce(from, b * h * w * c + ch, w * c, c, window);
      }
}
