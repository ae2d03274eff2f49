import { expectRank, expectShape } from '../backend/checks.js';
import type { ReferenceBuffer } from './buffer.js';

const f = Math.fround;

/** [N, H, W, C] -> [N, C]: float32 sum over pixels in row-major order from +0, times fl(1 / (H*W)). */
export function globalAvgPool(x: ReferenceBuffer, out: ReferenceBuffer): void {
  expectRank(x.shape, 4, 'the input of globalAvgPool');
  const [n, h, w, c] = x.shape;
  expectShape(out.shape, [n, c], 'the output of globalAvgPool');
  const pixels = h * w;
  if (pixels === 0) throw new RangeError(`globalAvgPool of [${x.shape}] has no pixels`);
  const from = x.floats;
  const to = out.floats;
  const factor = f(1 / pixels);
  for (let b = 0; b < n; b++)
    for (let ch = 0; ch < c; ch++) {
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum = f(sum + from[(b * pixels + p) * c + ch]);
      to[b * c + ch] = f(sum * factor);
    }
}
