import { bitProduct } from './bitProduct';

/** The integer product for code activations: see bitProduct. */
export function andProduct(
  to: usize,
  toStride: usize,
  starts: usize,
  patches: usize,
  pixels: i32,
  patchPlanes: i32,
  weights: usize,
  rows: i32,
  weightPlanes: i32,
  vectors: i32,
): void {
  bitProduct(false, to, toStride, starts, patches, pixels, patchPlanes, weights, rows, weightPlanes, vectors);
}
