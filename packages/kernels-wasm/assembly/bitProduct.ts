import { addCounts, andBits, BIT_BYTES, Bits, COUNT_BLOCK, loadBits, subtractTotals, xorBits, zeroCounts } from 'isa';

/** Weight rows of a panel; a tile is one patch by one panel. */
export const ROWS: i32 = 4;

/**
 * The integer product of packed patches [pixels, k] with packed weights [rows, k]:
 *
 *     to[i, j] = starts[i] - 2 * sum over planes u of j, v of i of 2^(u + v) * popcount(j_u OP i_v)
 *
 * with OP = XOR for sign activations (start k * factor) and AND for codes (start factor * sum of the codes),
 * factor the sum of 2^u. Exact modulo 2^32, so exact wherever the result fits an int32.
 * @param to [pixels, rows rounded up to ROWS]; pixel i starts at i * toStride
 * @param weights from packBitPanels  @param vectors of BIT_BYTES per row
 */
@inline
export function bitProduct(
  xor: bool,
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
  const panelBytes = usize(ROWS * vectors * BIT_BYTES);
  const patchBytes = usize(vectors * BIT_BYTES);
  // Panels outside, patches inside: one panel stays in the first-level cache for all patches of a chunk.
  for (let row = 0; row < rows; row += ROWS) {
    let patch = patches;
    for (let i = 0; i < pixels; i++) {
      const tile = to + usize(i) * toStride + 4 * row;
      const start = load<i32>(starts + 4 * i);
      for (let r = 0; r < ROWS; r++) store<i32>(tile + 4 * r, start);
      for (let v = 0; v < patchPlanes; v++, patch += patchBytes)
        for (let u = 0; u < weightPlanes; u++)
          countTile(xor, tile, patch, weights + usize(u) * panelBytes, vectors, u + v + 1);
    }
    weights += panelBytes * weightPlanes;
  }
}

/** tile[0..3] -= popcount(patch OP weight row) << shift. */
@inline
function countTile(xor: bool, tile: usize, patch: usize, weights: usize, vectors: i32, shift: i32): void {
  for (let done = 0; done < vectors; done += COUNT_BLOCK) {
    const end = patch + usize(min(COUNT_BLOCK, vectors - done) * BIT_BYTES);
    let a = zeroCounts();
    let b = zeroCounts();
    let c = zeroCounts();
    let d = zeroCounts();
    for (; patch < end; patch += BIT_BYTES, weights += ROWS * BIT_BYTES) {
      const x = loadBits(patch);
      a = addCounts(a, combine(xor, x, loadBits(weights)));
      b = addCounts(b, combine(xor, x, loadBits(weights + BIT_BYTES)));
      c = addCounts(c, combine(xor, x, loadBits(weights + 2 * BIT_BYTES)));
      d = addCounts(d, combine(xor, x, loadBits(weights + 3 * BIT_BYTES)));
    }
    subtractTotals(tile, a, b, c, d, shift);
  }
}

@inline
function combine(xor: bool, a: Bits, b: Bits): Bits {
  return xor ? xorBits(a, b) : andBits(a, b);
}
