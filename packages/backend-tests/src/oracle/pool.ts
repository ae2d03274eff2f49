import type { PoolGeometry, Shape } from '@apb/core';
import { asImages, padImages, windows } from './convolution.js';
import { f } from './float.js';

export function poolShape(shape: Shape, g: PoolGeometry): [number, number, number, number] {
  const [n, h, w, c] = asImages(shape);
  const [top, left, bottom, right] = g.pads;
  const oh = windows(top + h + bottom, g.window[0], g.strides[0]);
  return [n, oh, windows(left + w + right, g.window[1], g.strides[1]), c];
}

/** The in-bounds values under each window, outputs in row-major order. */
function pools(x: Float32Array, shape: Shape, g: PoolGeometry): number[][] {
  const padded = padImages(x, shape, g.pads, Number.NaN);
  const [n, oh, ow, c] = poolShape(shape, g);
  const [, ph, pw] = asImages(padded.shape);
  const out: number[][] = [];
  for (let i = 0; i < n; i++)
    for (let y = 0; y < oh; y++)
      for (let xx = 0; xx < ow; xx++)
        for (let ch = 0; ch < c; ch++) {
          const window: number[] = [];
          for (let ky = 0; ky < g.window[0]; ky++)
            for (let kx = 0; kx < g.window[1]; kx++) {
              const pixel = (i * ph + y * g.strides[0] + ky) * pw + xx * g.strides[1] + kx;
              window.push(padded.data[pixel * c + ch]);
            }
          out.push(window.filter(v => !Number.isNaN(v)));
        }
  return out;
}

/** The largest in-bounds value, the first of equals: padding never wins. */
export function maxPool(x: Float32Array, shape: Shape, g: PoolGeometry): Float32Array {
  return Float32Array.from(pools(x, shape, g), firstLargest);
}

/** Not Math.max, which tells -0 from +0. */
function firstLargest(values: number[]): number {
  let best = Number.NEGATIVE_INFINITY;
  for (const v of values) if (v > best) best = v;
  return best;
}

/** float32 sum of the in-bounds values in row-major order from +0, times fl(1 / count). */
export function averagePool(
  x: Float32Array,
  shape: Shape,
  g: PoolGeometry,
  countPadding: boolean,
): Float32Array {
  return Float32Array.from(pools(x, shape, g), window => {
    const count = countPadding ? g.window[0] * g.window[1] : window.length;
    return f(window.reduce((sum, v) => f(sum + v), 0) * f(1 / count));
  });
}

/** [N, H, W, C] -> [N, C]: float32 sum over pixels in row-major order from +0, times fl(1 / (H*W)). */
export function globalAveragePool(x: Float32Array, shape: Shape): Float32Array {
  const [n, h, w, c] = asImages(shape);
  const out = new Float32Array(n * c);
  for (let i = 0; i < n; i++)
    for (let ch = 0; ch < c; ch++) {
      let sum = 0;
      for (let pixel = 0; pixel < h * w; pixel++) sum = f(sum + x[(i * h * w + pixel) * c + ch]);
      out[i * c + ch] = f(sum * f(1 / (h * w)));
    }
  return out;
}
