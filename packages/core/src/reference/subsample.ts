import { checkPair, expectRank, expectShape } from '../backend/checks.js';
import type { Pair } from '../backend/geometry.js';
import type { ReferenceBuffer } from './buffer.js';

/** [N, H, W, C] -> [N, ceil(H / sv), ceil(W / sh), C]: every strides-th pixel, starting at the first. */
export function subsample(strides: Pair, x: ReferenceBuffer, out: ReferenceBuffer): void {
  checkPair(strides, 1, 'strides');
  expectRank(x.shape, 4, 'the input of subsample');
  const [n, h, w, c] = x.shape;
  const outH = Math.ceil(h / strides[0]);
  const outW = Math.ceil(w / strides[1]);
  expectShape(out.shape, [n, outH, outW, c], 'the output of subsample');
  const from = x.floats;
  const to = out.floats;
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let y = 0; y < outH; y++)
      for (let ox = 0; ox < outW; ox++) {
        const start = ((b * h + y * strides[0]) * w + ox * strides[1]) * c;
        for (let ch = 0; ch < c; ch++) to[at++] = from[start + ch];
      }
}
