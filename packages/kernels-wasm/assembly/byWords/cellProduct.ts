import { HEADER_BYTES } from '../cellHeader';
import { CELL_BYTES, PANEL_ROWS, WEIGHT_BYTES } from 'isa';

/** See ../byTables/cellProduct.ts; a cell counts popcount(weights XOR signs) or popcount(weights AND plane). */
export function cellProduct(
  to: usize,
  toStride: usize,
  starts: usize,
  table: usize,
  pixels: i32,
  taps: i32,
  offset: usize,
  cells: i32,
  weights: usize,
  rows: i32,
  weightPlanes: i32,
  digits: i32,
  digitBits: i32,
  signs: bool,
): void {
  const bytes = usize(taps * cells * PANEL_ROWS * WEIGHT_BYTES);
  for (let row = 0; row < rows; row += PANEL_ROWS, to += 4 * PANEL_ROWS)
    for (let u = 0; u < weightPlanes; u++, weights += bytes)
      for (let i = 0; i < pixels; i++) {
        const tile = to + usize(i) * toStride;
        if (!u) for (let r = 0; r < PANEL_ROWS; r++) store<i32>(tile + 4 * r, load<i32>(starts + 4 * i));
        for (let d = 0; d < digits; d++) {
          const first = usize(HEADER_BYTES + d * cells * CELL_BYTES);
          const taken = table + usize(4 * i * taps);
          if (signs) countTile(true, tile, taken, taps, offset, first, cells, weights, u + d * digitBits + 1);
          else countTile(false, tile, taken, taps, offset, first, cells, weights, u + d * digitBits + 1);
        }
      }
}

/** tile[0..3] -= counts << shift. */
@inline
function countTile(
  signs: bool,
  tile: usize,
  table: usize,
  taps: i32,
  offset: usize,
  first: usize,
  cells: i32,
  w: usize,
  shift: i32,
): void {
  let a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0;
  const tapBytes = usize(cells * PANEL_ROWS * WEIGHT_BYTES);
  for (let tap = 0; tap < taps; tap++, w += tapBytes) {
    const block = usize(load<u32>(table + 4 * tap)) + offset;
    // Outside the picture, or nothing but zeros: XOR would count the weights.
    if (!load<i32>(block)) continue;
    let x = block + first;
    for (let at = w; at < w + tapBytes; at += PANEL_ROWS * WEIGHT_BYTES, x += CELL_BYTES) {
      const cell = load<u64>(x);
      a += popcnt(combine(signs, cell, load<u64>(at)));
      b += popcnt(combine(signs, cell, load<u64>(at, 8)));
      c += popcnt(combine(signs, cell, load<u64>(at, 16)));
      d += popcnt(combine(signs, cell, load<u64>(at, 24)));
    }
  }
  subtract(tile, a, shift);
  subtract(tile + 4, b, shift);
  subtract(tile + 8, c, shift);
  subtract(tile + 12, d, shift);
}

@inline
function combine(signs: bool, a: u64, b: u64): u64 {
  return signs ? a ^ b : a & b;
}

@inline
function subtract(at: usize, total: u64, shift: i32): void {
  store<i32>(at, load<i32>(at) - (i32(total) << shift));
}
