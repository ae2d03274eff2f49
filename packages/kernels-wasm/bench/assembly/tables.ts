import { lookup } from 'isa';

/**
 * Designs that look sums up: patches as cells [n, cells] of 16 bytes, weights as panels [panels][cells][R] of one byte a
 * row, 4 bits each: ../../assembly/byTables. A tile is PxR: patches by rows. `block` cells fit a byte.
 */

/** 16-bit counts of a tile. */
const counts = memory.data(512, 16);

@inline function zero(): v128 { return i8x16.splat(0); }
@inline function count(sum: v128, cell: v128, w: v128): v128 { return i8x16.add(sum, lookup(cell, w)); }
@inline function widen(to: usize, x: v128): void {
  v128.store(to, i16x8.add(v128.load(to), i16x8.extend_low_i8x16_u(x)));
  v128.store(to, i16x8.add(v128.load(to, 16), i16x8.extend_high_i8x16_u(x)), 16);
}
@inline function storeSums(to: usize, from: usize): void {
  for (let half: usize = 0; half < 32; half += 16) {
    const x = v128.load(from + half);
    v128.store(to + 2 * half, i32x4.extend_low_i16x8_u(x));
    v128.store(to + 2 * half + 16, i32x4.extend_high_i16x8_u(x));
  }
}

/** What the kernels do. */
export function tables4x32(to: usize, x: usize, w: usize, m: i32, n: i32, cells: i32, block: i32): void {
  tile4x32(1, false, to, x, w, m, n, cells, block);
}

/** Two cells a round. */
export function tables4x32unrolled(to: usize, x: usize, w: usize, m: i32, n: i32, cells: i32, block: i32): void {
  tile4x32(2, false, to, x, w, m, n, cells, block);
}

/** Two cells share a byte of weights: panels [panels][pairs of cells][32]. */
export function tables4x32packed(to: usize, x: usize, w: usize, m: i32, n: i32, cells: i32, block: i32): void {
  tile4x32(2, true, to, x, w, m, n, cells, block);
}

@inline
function tile4x32(
  unroll: usize,
  packed: bool,
  to: usize,
  x: usize,
  w: usize,
  m: i32,
  n: i32,
  cells: i32,
  block: i32,
): void {
  const row = usize(16 * cells);
  const low = i8x16.splat(15);
  for (let j = 0; j < m; j += 32, w += packed ? row : 2 * row)
    for (let i = 0; i < n; i += 4) {
      let u = w;
      memory.fill(counts, 0, 256);
      for (let g = 0; g < cells; g += block) {
        let x0 = x + usize(i) * row + usize(16 * g), x1 = x0 + row, x2 = x1 + row, x3 = x2 + row;
        let a0 = zero(), b0 = zero(), a1 = zero(), b1 = zero();
        let a2 = zero(), b2 = zero(), a3 = zero(), b3 = zero();
        for (const end = x0 + 16 * min(block, cells - g); x0 < end; ) {
          const first = v128.load(u), second = v128.load(u, 16);
          let p = packed ? v128.and(first, low) : first;
          let q = packed ? v128.and(second, low) : second;
          let cell = v128.load(x0);
          a0 = count(a0, cell, p);
          b0 = count(b0, cell, q);
          cell = v128.load(x1);
          a1 = count(a1, cell, p);
          b1 = count(b1, cell, q);
          cell = v128.load(x2);
          a2 = count(a2, cell, p);
          b2 = count(b2, cell, q);
          cell = v128.load(x3);
          a3 = count(a3, cell, p);
          b3 = count(b3, cell, q);
          if (unroll == 2) {
            p = packed ? v128.and(i16x8.shr_u(first, 4), low) : v128.load(u, 32);
            q = packed ? v128.and(i16x8.shr_u(second, 4), low) : v128.load(u, 48);
            cell = v128.load(x0, 16);
            a0 = count(a0, cell, p);
            b0 = count(b0, cell, q);
            cell = v128.load(x1, 16);
            a1 = count(a1, cell, p);
            b1 = count(b1, cell, q);
            cell = v128.load(x2, 16);
            a2 = count(a2, cell, p);
            b2 = count(b2, cell, q);
            cell = v128.load(x3, 16);
            a3 = count(a3, cell, p);
            b3 = count(b3, cell, q);
          }
          x0 += 16 * unroll;
          x1 += 16 * unroll;
          x2 += 16 * unroll;
          x3 += 16 * unroll;
          u += packed ? 32 : 32 * unroll;
        }
        widen(counts, a0);
        widen(counts + 32, b0);
        widen(counts + 64, a1);
        widen(counts + 96, b1);
        widen(counts + 128, a2);
        widen(counts + 160, b2);
        widen(counts + 192, a3);
        widen(counts + 224, b3);
      }
      for (let r = 0; r < 4; r++) {
        const t = to + 4 * ((i + r) * m + j);
        storeSums(t, counts + 64 * r);
        storeSums(t + 64, counts + 64 * r + 32);
      }
    }
}

export function tables2x32(to: usize, x: usize, w: usize, m: i32, n: i32, cells: i32, block: i32): void {
  const row = usize(16 * cells);
  for (let j = 0; j < m; j += 32, w += 2 * row)
    for (let i = 0; i < n; i += 2) {
      let u = w;
      memory.fill(counts, 0, 128);
      for (let g = 0; g < cells; g += block) {
        let x0 = x + usize(i) * row + usize(16 * g), x1 = x0 + row;
        let a0 = zero(), b0 = zero(), a1 = zero(), b1 = zero();
        for (const end = x0 + 16 * min(block, cells - g); x0 < end; x0 += 16, x1 += 16, u += 32) {
          const p = v128.load(u), q = v128.load(u, 16);
          let cell = v128.load(x0);
          a0 = count(a0, cell, p);
          b0 = count(b0, cell, q);
          cell = v128.load(x1);
          a1 = count(a1, cell, p);
          b1 = count(b1, cell, q);
        }
        widen(counts, a0);
        widen(counts + 32, b0);
        widen(counts + 64, a1);
        widen(counts + 96, b1);
      }
      for (let r = 0; r < 2; r++) {
        const t = to + 4 * ((i + r) * m + j);
        storeSums(t, counts + 64 * r);
        storeSums(t + 64, counts + 64 * r + 32);
      }
    }
}

export function tables8x16(to: usize, x: usize, w: usize, m: i32, n: i32, cells: i32, block: i32): void {
  const row = usize(16 * cells);
  for (let j = 0; j < m; j += 16, w += row)
    for (let i = 0; i < n; i += 8) {
      let u = w;
      memory.fill(counts, 0, 256);
      for (let g = 0; g < cells; g += block) {
        let x0 = x + usize(i) * row + usize(16 * g), x2 = x0 + 2 * row, x4 = x2 + 2 * row, x6 = x4 + 2 * row;
        let a = zero(), b = zero(), c = zero(), d = zero();
        let e = zero(), f = zero(), h = zero(), k = zero();
        for (const end = x0 + 16 * min(block, cells - g); x0 < end; u += 16) {
          const p = v128.load(u);
          a = count(a, v128.load(x0), p);
          b = count(b, v128.load(x0 + row), p);
          c = count(c, v128.load(x2), p);
          d = count(d, v128.load(x2 + row), p);
          e = count(e, v128.load(x4), p);
          f = count(f, v128.load(x4 + row), p);
          h = count(h, v128.load(x6), p);
          k = count(k, v128.load(x6 + row), p);
          x0 += 16;
          x2 += 16;
          x4 += 16;
          x6 += 16;
        }
        widen(counts, a);
        widen(counts + 32, b);
        widen(counts + 64, c);
        widen(counts + 96, d);
        widen(counts + 128, e);
        widen(counts + 160, f);
        widen(counts + 192, h);
        widen(counts + 224, k);
      }
      for (let r = 0; r < 8; r++) storeSums(to + 4 * ((i + r) * m + j), counts + 32 * r);
    }
}
