import { add, LANES, loadFloats, loadSplat, mul, splat, storeFloats, transpose } from 'isa';

/** Vectors of pixels that a row passes over at once. */
const VECTORS: i32 = 4;
/** Most pixels of a call: INT_CHUNK of src/ops/intProduct.ts. */
const SEGMENT: i32 = 64;
/** Sums of LANES rows, each with room for the vectors past its last pixel. */
const STRIDE: i32 = 4 * (SEGMENT + VECTORS * LANES);
const stage = memory.data(LANES * STRIDE, 16);

/**
 * T = sum over the full-precision weights of a row of fl(r * q), in float32 in their order from +0, for output pixels
 * side by side in one line: to[pixel * toStride + 4 * row]. Rows without such weights are left undefined. A tap outside
 * the picture adds r * 0, which changes nothing: the sum starts at +0 and so is never -0.
 * @param to [pixels, rows], rows a multiple of LANES and pixels of LANES are written
 * @param lines [kernel rows] addresses of the input lines, at the first pixel  @param pixels at most SEGMENT
 * @param rowStart [rows + 1]  @param entries from sparseEntries
 */
export function sparseProduct(
  to: usize,
  toStride: usize,
  lines: usize,
  pixels: i32,
  rows: i32,
  rowStart: usize,
  entries: usize,
  values: usize,
): void {
  for (let row = 0; row < rows; row += LANES, to += 4 * LANES) {
    const count = min(LANES, rows - row);
    const at = rowStart + 4 * row;
    if (load<u32>(at) == load<u32>(at + 4 * count)) continue;
    for (let r = 0; r < count; r++) sumRow(stage + r * STRIDE, lines, pixels, at + 4 * r, entries, values);
    for (let i = 0; i < pixels; i += LANES)
      transpose(to + usize(i) * toStride, toStride, stage + 4 * i, STRIDE);
  }
}

@inline
function sumRow(to: usize, lines: usize, pixels: i32, rowStart: usize, entries: usize, values: usize): void {
  const first = usize(load<u32>(rowStart));
  const end = entries + 8 * usize(load<u32>(rowStart + 4));
  for (let i = 0; i < pixels; ) {
    const left = pixels - i;
    const at = to + 4 * i;
    let entry = entries + 8 * first;
    let value = values + 4 * first;
    let a = splat(0);
    if (left > 2 * LANES) {
      let b = a, c = a, d = a;
      for (; entry < end; entry += 8, value += 4) {
        const r = loadSplat(value);
        const x = activations(lines, entry, i);
        a = add(a, mul(r, loadFloats(x)));
        b = add(b, mul(r, loadFloats(x + 4 * LANES)));
        c = add(c, mul(r, loadFloats(x + 8 * LANES)));
        d = add(d, mul(r, loadFloats(x + 12 * LANES)));
      }
      storeFloats(at, a);
      storeFloats(at + 4 * LANES, b);
      storeFloats(at + 8 * LANES, c);
      storeFloats(at + 12 * LANES, d);
      i += VECTORS * LANES;
    } else if (left > LANES) {
      let b = a;
      for (; entry < end; entry += 8, value += 4) {
        const r = loadSplat(value);
        const x = activations(lines, entry, i);
        a = add(a, mul(r, loadFloats(x)));
        b = add(b, mul(r, loadFloats(x + 4 * LANES)));
      }
      storeFloats(at, a);
      storeFloats(at + 4 * LANES, b);
      i += 2 * LANES;
    } else {
      for (; entry < end; entry += 8, value += 4)
        a = add(a, mul(loadSplat(value), loadFloats(activations(lines, entry, i))));
      storeFloats(at, a);
      i += LANES;
    }
  }
}

/** Where an entry's activation for pixel i is. */
@inline
function activations(lines: usize, entry: usize, i: i32): usize {
  return usize(load<u32>(lines + usize(load<u32>(entry, 4)))) + usize(load<u32>(entry)) + 4 * i;
}
