/**
 * Designs that count bits: sums of popcount(x XOR w) for patches x [n, vectors] and weights in panels of R rows,
 * [panels][vectors][R] vectors, or plain rows. A tile is PxR: patches by rows.
 */

@inline function zero(): v128 { return i8x16.splat(0); }
/** 8-bit counts: up to 31 calls. */
@inline function count(sum: v128, x: v128, w: v128): v128 { return i8x16.add(sum, i8x16.popcnt(v128.xor(x, w))); }
@inline function widen(x: v128): v128 { return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(x)); }
@inline function pairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
}
/** The totals of four counters. */
@inline function totals(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = pairs(widen(a), widen(b));
  const cd = pairs(widen(c), widen(d));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

/** Weights as they stand in the file: one row after the other. */
export function rows1x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  const row = usize(16 * vectors);
  for (let j = 0; j < m; j += 4, w += 4 * row)
    for (let i = 0; i < n; i++) {
      let at = x + usize(i) * row;
      let w0 = w, w1 = w + row, w2 = w1 + row, w3 = w2 + row;
      let a = zero(), b = zero(), c = zero(), d = zero();
      for (const end = at + row; at < end; at += 16, w0 += 16, w1 += 16, w2 += 16, w3 += 16) {
        const p = v128.load(at);
        a = count(a, p, v128.load(w0));
        b = count(b, p, v128.load(w1));
        c = count(c, p, v128.load(w2));
        d = count(d, p, v128.load(w3));
      }
      v128.store(to + 4 * (i * m + j), totals(a, b, c, d));
    }
}

export function panels1x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vectors)
    for (let i = 0; i < n; i++) {
      let at = x + usize(16 * i * vectors);
      let a = zero(), b = zero(), c = zero(), d = zero();
      for (let u = w; u < w + 64 * vectors; u += 64, at += 16) {
        const p = v128.load(at);
        a = count(a, p, v128.load(u));
        b = count(b, p, v128.load(u, 16));
        c = count(c, p, v128.load(u, 32));
        d = count(d, p, v128.load(u, 48));
      }
      v128.store(to + 4 * (i * m + j), totals(a, b, c, d));
    }
}

/** 16-bit counts, widened at every step: no block of 31. */
@inline function count16(sum: v128, x: v128, w: v128): v128 {
  return i16x8.add(sum, i16x8.extadd_pairwise_i8x16_u(i8x16.popcnt(v128.xor(x, w))));
}
export function wide1x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vectors)
    for (let i = 0; i < n; i++) {
      let at = x + usize(16 * i * vectors);
      let a = zero(), b = zero(), c = zero(), d = zero();
      for (let u = w; u < w + 64 * vectors; u += 64, at += 16) {
        const p = v128.load(at);
        a = count16(a, p, v128.load(u));
        b = count16(b, p, v128.load(u, 16));
        c = count16(c, p, v128.load(u, 32));
        d = count16(d, p, v128.load(u, 48));
      }
      const ab = pairs(i32x4.extadd_pairwise_i16x8_u(a), i32x4.extadd_pairwise_i16x8_u(b));
      const cd = pairs(i32x4.extadd_pairwise_i16x8_u(c), i32x4.extadd_pairwise_i16x8_u(d));
      const sums = i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
      v128.store(to + 4 * (i * m + j), sums);
    }
}

export function panels2x2(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  const row = usize(16 * vectors);
  for (let j = 0; j < m; j += 2, w += 2 * row)
    for (let i = 0; i < n; i += 2) {
      let at = x + usize(i) * row;
      let a = zero(), b = zero(), c = zero(), d = zero();
      for (let u = w; u < w + 2 * row; u += 32, at += 16) {
        const p = v128.load(at), q = v128.load(at + row);
        let v = v128.load(u);
        a = count(a, p, v);
        c = count(c, q, v);
        v = v128.load(u, 16);
        b = count(b, p, v);
        d = count(d, q, v);
      }
      const sums = totals(a, b, c, d);
      v128.store64_lane(to + 4 * (i * m + j), sums, 0);
      v128.store64_lane(to + 4 * (i * m + m + j), sums, 1);
    }
}

export function panels2x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  const row = usize(16 * vectors);
  for (let j = 0; j < m; j += 4, w += 4 * row)
    for (let i = 0; i < n; i += 2) {
      let at = x + usize(i) * row;
      let a = zero(), b = zero(), c = zero(), d = zero();
      let e = zero(), f = zero(), g = zero(), h = zero();
      for (let u = w; u < w + 4 * row; u += 64, at += 16) {
        const p = v128.load(at), q = v128.load(at + row);
        let v = v128.load(u);
        a = count(a, p, v);
        e = count(e, q, v);
        v = v128.load(u, 16);
        b = count(b, p, v);
        f = count(f, q, v);
        v = v128.load(u, 32);
        c = count(c, p, v);
        g = count(g, q, v);
        v = v128.load(u, 48);
        d = count(d, p, v);
        h = count(h, q, v);
      }
      v128.store(to + 4 * (i * m + j), totals(a, b, c, d));
      v128.store(to + 4 * (i * m + m + j), totals(e, f, g, h));
    }
}

/** 16 counters: more than there are registers. */
export function panels4x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  const row = usize(16 * vectors);
  for (let j = 0; j < m; j += 4, w += 4 * row)
    for (let i = 0; i < n; i += 4) {
      let at = x + usize(i) * row;
      let a0 = zero(), b0 = zero(), c0 = zero(), d0 = zero();
      let a1 = zero(), b1 = zero(), c1 = zero(), d1 = zero();
      let a2 = zero(), b2 = zero(), c2 = zero(), d2 = zero();
      let a3 = zero(), b3 = zero(), c3 = zero(), d3 = zero();
      for (let u = w; u < w + 4 * row; u += 64, at += 16) {
        const p = v128.load(at), q = v128.load(at + row), r = v128.load(at + 2 * row), s = v128.load(at + 3 * row);
        let v = v128.load(u);
        a0 = count(a0, p, v);
        a1 = count(a1, q, v);
        a2 = count(a2, r, v);
        a3 = count(a3, s, v);
        v = v128.load(u, 16);
        b0 = count(b0, p, v);
        b1 = count(b1, q, v);
        b2 = count(b2, r, v);
        b3 = count(b3, s, v);
        v = v128.load(u, 32);
        c0 = count(c0, p, v);
        c1 = count(c1, q, v);
        c2 = count(c2, r, v);
        c3 = count(c3, s, v);
        v = v128.load(u, 48);
        d0 = count(d0, p, v);
        d1 = count(d1, q, v);
        d2 = count(d2, r, v);
        d3 = count(d3, s, v);
      }
      const t = to + 4 * (i * m + j);
      v128.store(t, totals(a0, b0, c0, d0));
      v128.store(t + 4 * m, totals(a1, b1, c1, d1));
      v128.store(t + 8 * m, totals(a2, b2, c2, d2));
      v128.store(t + 12 * m, totals(a3, b3, c3, d3));
    }
}

/** The carry of a + b + c, ab = a ^ b. */
@inline function carry(a: v128, b: v128, ab: v128, c: v128): v128 { return v128.or(v128.and(a, b), v128.and(ab, c)); }

/** Harley-Seal: four vectors are added bit by bit (ones, twos) and only every fourth is counted. 1x2, panels of 4. */
export function carrySave1x2(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vectors)
    for (let i = 0; i < n; i++)
      for (let half: usize = 0; half < 2; half++) {
        let at = x + usize(16 * i * vectors);
        let u = w + 32 * half;
        let a1 = zero(), a2 = zero(), a4 = zero();
        let b1 = zero(), b2 = zero(), b4 = zero();
        let v = 0;
        for (; v + 4 <= vectors; v += 4, at += 64, u += 256) {
          let p = v128.xor(v128.load(at), v128.load(u));
          let q = v128.xor(v128.load(at, 16), v128.load(u, 64));
          let s = v128.xor(a1, p);
          let c = carry(a1, p, s, q);
          a1 = v128.xor(s, q);
          p = v128.xor(v128.load(at, 32), v128.load(u, 128));
          q = v128.xor(v128.load(at, 48), v128.load(u, 192));
          s = v128.xor(a1, p);
          let d = carry(a1, p, s, q);
          a1 = v128.xor(s, q);
          s = v128.xor(a2, c);
          a4 = i8x16.add(a4, i8x16.popcnt(carry(a2, c, s, d)));
          a2 = v128.xor(s, d);
          p = v128.xor(v128.load(at), v128.load(u, 16));
          q = v128.xor(v128.load(at, 16), v128.load(u, 80));
          s = v128.xor(b1, p);
          c = carry(b1, p, s, q);
          b1 = v128.xor(s, q);
          p = v128.xor(v128.load(at, 32), v128.load(u, 144));
          q = v128.xor(v128.load(at, 48), v128.load(u, 208));
          s = v128.xor(b1, p);
          d = carry(b1, p, s, q);
          b1 = v128.xor(s, q);
          s = v128.xor(b2, c);
          b4 = i8x16.add(b4, i8x16.popcnt(carry(b2, c, s, d)));
          b2 = v128.xor(s, d);
        }
        a4 = weighted(a4, a2, a1);
        b4 = weighted(b4, b2, b1);
        for (; v < vectors; v++, at += 16, u += 64) {
          a4 = count(a4, v128.load(at), v128.load(u));
          b4 = count(b4, v128.load(at), v128.load(u, 16));
        }
        const s = pairs(widen(a4), widen(b4));
        const sums = i32x4.add(s, v128.shuffle<i32>(s, s, 2, 3, 2, 3));
        v128.store64_lane(to + 4 * (i * m + j + 2 * i32(half)), sums, 0);
      }
}
/** 4 * fours + 2 * popcount(twos) + popcount(ones). */
@inline function weighted(fours: v128, twos: v128, ones: v128): v128 {
  const pair = i8x16.add(i8x16.add(fours, fours), i8x16.popcnt(twos));
  return i8x16.add(i8x16.add(pair, pair), i8x16.popcnt(ones));
}
