import { add, LANES, loadFloats, loadSplat, mul, splat, storeFloats, transpose } from 'isa';

/** Most pixels of a call: INT_CHUNK of src/ops/lineRing.ts. */
const SEGMENT: i32 = 64;
/** Bytes from one row to the next in the stage of LANES rows. */
const STRIDE: i32 = 4 * SEGMENT;
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
  entries += 8 * first;
  values += 4 * first;
  let i: i32 = 0;
  for (; i + 3 * LANES < pixels; i += 4 * LANES) sumVectors(4, to, lines, i, entries, end, values);
  const left = pixels - i;
  if (left > 2 * LANES) sumVectors(3, to, lines, i, entries, end, values);
  else if (left > LANES) sumVectors(2, to, lines, i, entries, end, values);
  else if (left > 0) sumVectors(1, to, lines, i, entries, end, values);
}

/** Sums of pixels i to i + count * LANES. */
@inline
function sumVectors(
  count: i32,
  to: usize,
  lines: usize,
  i: i32,
  entry: usize,
  end: usize,
  value: usize,
): void {
  let a = splat(0);
  let b = a, c = a, d = a;
  for (; entry < end; entry += 8, value += 4) {
    const r = loadSplat(value);
    const x = usize(load<u32>(lines + usize(load<u32>(entry, 4)))) + usize(load<u32>(entry)) + 4 * i;
    a = add(a, mul(r, loadFloats(x)));
    if (count > 1) b = add(b, mul(r, loadFloats(x + 4 * LANES)));
    if (count > 2) c = add(c, mul(r, loadFloats(x + 8 * LANES)));
    if (count > 3) d = add(d, mul(r, loadFloats(x + 12 * LANES)));
  }
  to += 4 * i;
  storeFloats(to, a);
  if (count > 1) storeFloats(to + 4 * LANES, b);
  if (count > 2) storeFloats(to + 8 * LANES, c);
  if (count > 3) storeFloats(to + 12 * LANES, d);
}
