import { HEADER_BYTES } from '../cellHeader';
import { CELL_BYTES, lookup, PANEL_ROWS, ROW_GRAIN } from 'isa';

/** Pixels of a tile: 4 pixels by 32 rows are 8 accumulators, which with 2 vectors of weights fit 16 registers. */
const PIXELS: i32 = 4;
/** 16-bit counts of a tile, [pixel][row]. */
const counts = memory.data(2 * PIXELS * PANEL_ROWS, 16);
/** Times that bytes of up to 255 are added to a 16-bit count before it must be read. */
const MOST_ADDITIONS: i32 = 257;

/**
 * The integer product of pixels in cells with packed weights:
 *
 *     to[i, j] = starts[i] - 2 * sum over planes u, digits d of 2^u * 2^(d * digitBits) * sum over taps, cells of
 *                                                                                     cell[bits of row j, plane u]
 *
 * Exact modulo 2^32, so exact wherever the result fits an int32.
 * @param to [pixels, all rows]; pixel i starts at i * toStride; whole tiles of 4 pixels may be written
 * @param starts from patchStarts  @param table [pixels, taps] addresses from tapTable, whole tiles are read
 * @param offset of the group's block in a pixel  @param cells of a tap
 * @param weights from packPanels  @param rows a multiple of ROW_GRAIN
 */
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
  const most = signs ? 4 : 4 * ((1 << digitBits) - 1);
  const planeBytes = usize(taps * cells);
  // Panels outside, pixels inside: one panel stays in the first-level cache for all pixels of a chunk.
  for (let row = 0; row < rows; row += PANEL_ROWS, to += 4 * PANEL_ROWS) {
    const whole = rows - row >= PANEL_ROWS;
    const bytes = planeBytes * (whole ? PANEL_ROWS : ROW_GRAIN);
    for (let i = 0; i < pixels; i += PIXELS) {
      const tile = to + usize(i) * toStride;
      const tileTable = table + usize(4 * i * taps);
      for (let d = 0; d < digits; d++) {
        const first = offset + HEADER_BYTES + usize(d * cells * CELL_BYTES);
        for (let u = 0; u < weightPlanes; u++) {
          const w = weights + usize(u) * bytes;
          const shift = u + d * digitBits + 1;
          // The first counts of a tile are taken from its starts, others from what is there.
          const from: usize = u | d ? 0 : starts + usize(4 * i);
          const block = 255 / most;
          if (pixels - i == 1) {
            // A last pixel alone, or the only one: a whole tile would take more than twice as long.
            if (whole) countTile(true, 1, tile, toStride, from, tileTable, taps, first, cells, w, block, shift);
            else countTile(false, 1, tile, toStride, from, tileTable, taps, first, cells, w, block, shift);
          } else if (whole) countTile(true, PIXELS, tile, toStride, from, tileTable, taps, first, cells, w, block, shift);
          else countTile(false, PIXELS, tile, toStride, from, tileTable, taps, first, cells, w, block, shift);
        }
      }
    }
    weights += bytes * weightPlanes;
  }
}

/**
 * tile[p, r] = starts[p] - (counts << shift), or from tile[p, r] for starts = 0.
 * @param block cells whose counts fit a byte
 */
@inline
function countTile(
  whole: bool,
  pixels: i32,
  tile: usize,
  stride: usize,
  starts: usize,
  table: usize,
  taps: i32,
  first: usize,
  cells: i32,
  w: usize,
  block: i32,
  shift: i32,
): void {
  // Whole taps at once, or a tap in even parts.
  const tapsAtOnce = max(1, block / cells);
  const parts = (cells + block - 1) / block;
  const part = (cells + parts - 1) / parts;
  const tapBytes = usize(4 * taps);
  let additions: i32 = 0;
  for (let tap = 0; tap < taps; tap += tapsAtOnce) {
    const endTap = table + 4 * min(taps, tap + tapsAtOnce);
    for (let c = 0; c < cells; c += part) {
      const bytes = usize(CELL_BYTES * min(part, cells - c));
      const at = first + usize(CELL_BYTES * c);
      let a0 = zero(), b0 = zero();
      let a1 = zero(), b1 = zero();
      let a2 = zero(), b2 = zero();
      let a3 = zero(), b3 = zero();
      for (let t = table + 4 * tap; t < endTap; t += 4) {
        let x0 = usize(load<u32>(t)) + at;
        let x1 = pixels > 1 ? usize(load<u32>(t + tapBytes)) + at : 0;
        let x2 = pixels > 1 ? usize(load<u32>(t + 2 * tapBytes)) + at : 0;
        let x3 = pixels > 1 ? usize(load<u32>(t + 3 * tapBytes)) + at : 0;
        for (const end = x0 + bytes; x0 < end; x0 += CELL_BYTES) {
          const low = v128.load(w);
          let cell = v128.load(x0);
          if (pixels == 1) {
            a0 = count(a0, cell, low);
            if (whole) b0 = count(b0, cell, v128.load(w, 16));
          } else if (whole) {
            const high = v128.load(w, 16);
            a0 = count(a0, cell, low);
            b0 = count(b0, cell, high);
            cell = v128.load(x1);
            a1 = count(a1, cell, low);
            b1 = count(b1, cell, high);
            cell = v128.load(x2);
            a2 = count(a2, cell, low);
            b2 = count(b2, cell, high);
            cell = v128.load(x3);
            a3 = count(a3, cell, low);
            b3 = count(b3, cell, high);
          } else {
            a0 = count(a0, cell, low);
            a1 = count(a1, v128.load(x1), low);
            a2 = count(a2, v128.load(x2), low);
            a3 = count(a3, v128.load(x3), low);
          }
          if (pixels > 1) {
            x1 += CELL_BYTES;
            x2 += CELL_BYTES;
            x3 += CELL_BYTES;
          }
          w += whole ? 32 : 16;
        }
      }
      if (additions) addCounts(true, whole, pixels, a0, b0, a1, b1, a2, b2, a3, b3);
      else addCounts(false, whole, pixels, a0, b0, a1, b1, a2, b2, a3, b3);
      if (++additions == MOST_ADDITIONS) {
        subtractCounts(whole, pixels, tile, stride, starts, shift);
        starts = 0;
        additions = 0;
      }
    }
  }
  if (additions) subtractCounts(whole, pixels, tile, stride, starts, shift);
}

@inline function zero(): v128 { return i8x16.splat(0); }
@inline function count(sum: v128, cell: v128, weights: v128): v128 { return i8x16.add(sum, lookup(cell, weights)); }

/** Adds the bytes of a tile to its counts, or begins with them. */
@inline
function addCounts(
  more: bool,
  whole: bool,
  pixels: i32,
  a0: v128,
  b0: v128,
  a1: v128,
  b1: v128,
  a2: v128,
  b2: v128,
  a3: v128,
  b3: v128,
): void {
  widen(more, counts, a0);
  if (whole) widen(more, counts + 32, b0);
  if (pixels == 1) return;
  widen(more, counts + 64, a1);
  widen(more, counts + 128, a2);
  widen(more, counts + 192, a3);
  if (whole) {
    widen(more, counts + 96, b1);
    widen(more, counts + 160, b2);
    widen(more, counts + 224, b3);
  }
}

@inline
function widen(more: bool, to: usize, x: v128): void {
  const low = i16x8.extend_low_i8x16_u(x);
  const high = i16x8.extend_high_i8x16_u(x);
  v128.store(to, more ? i16x8.add(v128.load(to), low) : low);
  v128.store(to, more ? i16x8.add(v128.load(to, 16), high) : high, 16);
}

@inline
function subtractCounts(whole: bool, pixels: i32, tile: usize, stride: usize, starts: usize, shift: i32): void {
  for (let p: usize = 0; p < usize(pixels); p++, tile += stride) {
    const from = counts + 64 * p;
    if (starts) {
      const start = v128.load32_splat(starts + 4 * p);
      for (let r: usize = 0; r < usize(whole ? 64 : 32); r += 16) {
        const x = v128.load(from + r);
        v128.store(tile + 2 * r, less(start, i32x4.extend_low_i16x8_u(x), shift));
        v128.store(tile + 2 * r, less(start, i32x4.extend_high_i16x8_u(x), shift), 16);
      }
    } else
      for (let r: usize = 0; r < usize(whole ? 64 : 32); r += 16) {
        const x = v128.load(from + r);
        const at = tile + 2 * r;
        v128.store(at, less(v128.load(at), i32x4.extend_low_i16x8_u(x), shift));
        v128.store(at, less(v128.load(at, 16), i32x4.extend_high_i16x8_u(x), shift), 16);
      }
  }
}

@inline function less(x: v128, counts: v128, shift: i32): v128 { return i32x4.sub(x, i32x4.shl(counts, shift)); }
