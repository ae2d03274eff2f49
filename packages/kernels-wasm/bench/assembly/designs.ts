// quick experiment; 
const Z = i8x16.splat(0);
const R: i32 = 8;
export function heap(): usize { return __heap_base; }

/** ceiling: n independent streams of xor+popcnt+add on registers */
@inline function step(acc: v128, x: v128, w: v128): v128 { return i8x16.add(acc, i8x16.popcnt(v128.xor(x, w))); }

export function ceiling4(from: usize, n: i32): i32 {
  const w0 = v128.load(from), w1 = v128.load(from + 16), w2 = v128.load(from + 32), w3 = v128.load(from + 48);
  let a = Z, b = Z, c = Z, d = Z;
  for (let i = 0; i < n; i++) {
    a = step(a, a, w0); b = step(b, b, w1); c = step(c, c, w2); d = step(d, d, w3);
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}
export function ceiling8(from: usize, n: i32): i32 {
  const x = v128.load(from), y = v128.load(from + 16);
  let a = Z, b = Z, c = Z, d = Z, e = Z, f = Z, g = Z, h = Z;
  for (let i = 0; i < n; i++) {
    a = step(a, a, x); b = step(b, b, y); c = step(c, c, x); d = step(d, d, y);
    e = step(e, e, x); f = step(f, f, y); g = step(g, g, x); h = step(h, h, y);
  }
  return i32x4.extract_lane(v128.xor(v128.xor(v128.xor(a, b), v128.xor(c, d)), v128.xor(v128.xor(e, f), v128.xor(g, h))), 0);
}
export function ceiling64(from: usize, n: i32): i32 {
  const w0 = load<u64>(from), w1 = load<u64>(from + 16), w2 = load<u64>(from + 32), w3 = load<u64>(from + 48);
  let a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0;
  for (let i = 0; i < n; i++) {
    a += popcnt(a ^ w0); b += popcnt(b ^ w1); c += popcnt(c ^ w2); d += popcnt(d ^ w3);
  }
  return i32(a ^ b ^ c ^ d);
}

@inline function widen(x: v128): v128 { return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(x)); }
@inline function pairs(a: v128, b: v128): v128 { return i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7)); }
@inline function quad(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = pairs(widen(a), widen(b)), cd = pairs(widen(c), widen(d));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}
/** sum over vectors of popcounts. x [n][vec], w panels of 4 rows */
export function popcnt1x4(to: usize, x: usize, w: usize, m: i32, n: i32, vec: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vec) {
    let xi = x;
    for (let i = 0; i < n; i++) {
      let a = Z, b = Z, c = Z, d = Z;
      let wi = w;
      for (let v = 0; v < vec; v++, xi += 16, wi += 64) {
        const p = v128.load(xi);
        a = step(a, p, v128.load(wi)); b = step(b, p, v128.load(wi, 16));
        c = step(c, p, v128.load(wi, 32)); d = step(d, p, v128.load(wi, 48));
      }
      v128.store(to + 4 * (i * m + j), quad(a, b, c, d));
    }
  }
}
export function popcnt2x4(to: usize, x: usize, w: usize, m: i32, n: i32, vec: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vec) {
    for (let i = 0; i < n; i += 2) {
      let x0 = x + 16 * i * vec, x1 = x0 + 16 * vec;
      let a = Z, b = Z, c = Z, d = Z, e = Z, f = Z, g = Z, h = Z;
      let wi = w;
      for (let v = 0; v < vec; v++, x0 += 16, x1 += 16, wi += 64) {
        const p = v128.load(x0), q = v128.load(x1);
        let y = v128.load(wi); a = step(a, p, y); e = step(e, q, y);
        y = v128.load(wi, 16); b = step(b, p, y); f = step(f, q, y);
        y = v128.load(wi, 32); c = step(c, p, y); g = step(g, q, y);
        y = v128.load(wi, 48); d = step(d, p, y); h = step(h, q, y);
      }
      v128.store(to + 4 * (i * m + j), quad(a, b, c, d));
      v128.store(to + 4 * (i * m + m + j), quad(e, f, g, h));
    }
  }
}
/** carry-save: groups of 3+... (a,b,c)->(s, carry) */
@inline function maj(a: v128, b: v128, ab: v128, c: v128): v128 { return v128.or(v128.and(a, b), v128.and(ab, c)); }

/** Harley-Seal with 4 vectors per step; 1 x 2 rows. */
export function csa1x2(to: usize, x: usize, w: usize, m: i32, n: i32, vec: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vec) {
    let xi = x;
    for (let i = 0; i < n; i++, xi += 16 * vec) {
      for (let half: usize = 0; half < 2; half++) {
      let a4 = Z, a1 = Z, a2 = Z, b4 = Z, b1 = Z, b2 = Z;
      let wi = w + 32 * half;
      let v = 0; let xx = xi;
      for (; v + 4 <= vec; v += 4, xx += 64, wi += 256) {
        {
          let p = v128.xor(v128.load(xx), v128.load(wi)), q = v128.xor(v128.load(xx, 16), v128.load(wi, 64));
          let u = v128.xor(a1, p);
          const t1 = maj(a1, p, u, q); a1 = v128.xor(u, q);
          p = v128.xor(v128.load(xx, 32), v128.load(wi, 128)); q = v128.xor(v128.load(xx, 48), v128.load(wi, 192));
          u = v128.xor(a1, p);
          const t2 = maj(a1, p, u, q); a1 = v128.xor(u, q);
          u = v128.xor(a2, t1);
          a4 = i8x16.add(a4, i8x16.popcnt(maj(a2, t1, u, t2)));
          a2 = v128.xor(u, t2);
        }
        {
          let p = v128.xor(v128.load(xx), v128.load(wi, 16)), q = v128.xor(v128.load(xx, 16), v128.load(wi, 64 + 16));
          let u = v128.xor(b1, p);
          const t1 = maj(b1, p, u, q); b1 = v128.xor(u, q);
          p = v128.xor(v128.load(xx, 32), v128.load(wi, 128 + 16)); q = v128.xor(v128.load(xx, 48), v128.load(wi, 192 + 16));
          u = v128.xor(b1, p);
          const t2 = maj(b1, p, u, q); b1 = v128.xor(u, q);
          u = v128.xor(b2, t1);
          b4 = i8x16.add(b4, i8x16.popcnt(maj(b2, t1, u, t2)));
          b2 = v128.xor(u, t2);
        }
      }
      a4 = i8x16.add(i8x16.add(i8x16.add(a4, a4), i8x16.popcnt(a2)), i8x16.add(i8x16.add(a4, a4), i8x16.popcnt(a2)));
      a4 = i8x16.add(a4, i8x16.popcnt(a1));
      b4 = i8x16.add(i8x16.add(i8x16.add(b4, b4), i8x16.popcnt(b2)), i8x16.add(i8x16.add(b4, b4), i8x16.popcnt(b2)));
      b4 = i8x16.add(b4, i8x16.popcnt(b1));
      for (; v < vec; v++, xx += 16, wi += 64) {
        a4 = step(a4, v128.load(xx), v128.load(wi));
        b4 = step(b4, v128.load(xx), v128.load(wi, 16));
      }
      const s = pairs(widen(a4), widen(b4));
      v128.store64_lane(to + 4 * (i * m + j + 2 * i32(half)), i32x4.add(s, v128.shuffle<i32>(s, s, 2, 3, 2, 3)), 0);
      }
    }
  }
}

/** i64.popcnt */
export function scalar1x4(to: usize, x: usize, w: usize, m: i32, n: i32, vec: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vec) {
    let xi = x;
    for (let i = 0; i < n; i++) {
      let a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0;
      const end = xi + 16 * vec;
      let wi = w;
      for (; xi < end; xi += 8, wi += 32) {
        const p = load<u64>(xi);
        a += popcnt(p ^ load<u64>(wi)); b += popcnt(p ^ load<u64>(wi, 8));
        c += popcnt(p ^ load<u64>(wi, 16)); d += popcnt(p ^ load<u64>(wi, 24));
      }
      const t = to + 4 * (i * m + j);
      store<i32>(t, i32(a)); store<i32>(t, i32(b), 4); store<i32>(t, i32(c), 8); store<i32>(t, i32(d), 12);
    }
  }
}
export function scalar2x4(to: usize, x: usize, w: usize, m: i32, n: i32, vec: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vec) {
    for (let i = 0; i < n; i += 2) {
      let x0 = x + 16 * i * vec; const dx = 16 * vec;
      let a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0, e: u64 = 0, f: u64 = 0, g: u64 = 0, h: u64 = 0;
      let wi = w; const end = w + 64 * vec;
      for (; wi < end; x0 += 8, wi += 32) {
        const p = load<u64>(x0), q = load<u64>(x0 + dx);
        let y = load<u64>(wi); a += popcnt(p ^ y); e += popcnt(q ^ y);
        y = load<u64>(wi, 8); b += popcnt(p ^ y); f += popcnt(q ^ y);
        y = load<u64>(wi, 16); c += popcnt(p ^ y); g += popcnt(q ^ y);
        y = load<u64>(wi, 24); d += popcnt(p ^ y); h += popcnt(q ^ y);
      }
      const t = to + 4 * (i * m + j);
      store<i32>(t, i32(a)); store<i32>(t, i32(b), 4); store<i32>(t, i32(c), 8); store<i32>(t, i32(d), 12);
      const t2 = t + 4 * m;
      store<i32>(t2, i32(e)); store<i32>(t2, i32(f), 4); store<i32>(t2, i32(g), 8); store<i32>(t2, i32(h), 12);
    }
  }
}
export function scalar2x2(to: usize, x: usize, w: usize, m: i32, n: i32, vec: i32): void {
  for (let j = 0; j < m; j += 2, w += 32 * vec) {
    for (let i = 0; i < n; i += 2) {
      let x0 = x + 16 * i * vec; const dx = 16 * vec;
      let a: u64 = 0, b: u64 = 0, e: u64 = 0, f: u64 = 0;
      let wi = w; const end = w + 32 * vec;
      for (; wi < end; x0 += 8, wi += 16) {
        const p = load<u64>(x0), q = load<u64>(x0 + dx);
        let y = load<u64>(wi); a += popcnt(p ^ y); e += popcnt(q ^ y);
        y = load<u64>(wi, 8); b += popcnt(p ^ y); f += popcnt(q ^ y);
      }
      const t = to + 4 * (i * m + j);
      store<i32>(t, i32(a)); store<i32>(t, i32(b), 4);
      const t2 = t + 4 * m;
      store<i32>(t2, i32(e)); store<i32>(t2, i32(f), 4);
    }
  }
}

@inline function look(acc: v128, table: v128, index: v128): v128 { return i8x16.add(acc, i8x16.swizzle(table, index)); }
@inline function wide(at: usize, x: v128): void {
  v128.store(at, i16x8.add(v128.load(at), i16x8.extend_low_i8x16_u(x)));
  v128.store(at + 16, i16x8.add(v128.load(at, 16), i16x8.extend_high_i8x16_u(x)));
}
const stage = memory.data(16 * 32, 16);
@inline function flush(to: usize, at: usize): void {
  const a = v128.load(at), b = v128.load(at, 16);
  v128.store(to, i32x4.extend_low_i16x8_u(a));
  v128.store(to + 16, i32x4.extend_high_i16x8_u(a));
  v128.store(to + 32, i32x4.extend_low_i16x8_u(b));
  v128.store(to + 48, i32x4.extend_high_i16x8_u(b));
}
/** tables [n][groups][16 B], weights panels of 32 rows [groups][32] bytes of nibbles; 4 pixels. block groups between widenings. */
export function lut4x32(to: usize, x: usize, w: usize, m: i32, n: i32, groups: i32, block: i32): void {
  const pix = usize(16 * groups);
  for (let j = 0; j < m; j += 32, w += 32 * groups) {
    for (let i = 0; i < n; i += 4) {
      let x0 = x + usize(i) * pix;
      let wi = w;
      memory.fill(stage, 0, 256);
      for (let g = 0; g < groups; g += block) {
        const end = x0 + 16 * min(block, groups - g);
        let a = Z, b = Z, c = Z, d = Z, e = Z, f = Z, h = Z, k = Z;
        let x2 = x0 + 2 * pix;
        for (; x0 < end; x0 += 16, x2 += 16, wi += 32) {
          const p = v128.load(wi), q = v128.load(wi, 16);
          let t = v128.load(x0); a = look(a, t, p); b = look(b, t, q);
          t = v128.load(x0 + pix); c = look(c, t, p); d = look(d, t, q);
          t = v128.load(x2); e = look(e, t, p); f = look(f, t, q);
          t = v128.load(x2 + pix); h = look(h, t, p); k = look(k, t, q);
        }
        wide(stage, a); wide(stage + 32, b); wide(stage + 64, c); wide(stage + 96, d);
        wide(stage + 128, e); wide(stage + 160, f); wide(stage + 192, h); wide(stage + 224, k);
      }
      for (let r = 0; r < 4; r++) {
        const t = to + 4 * ((i + r) * m + j);
        flush(t, stage + 64 * r); flush(t + 64, stage + 64 * r + 32);
      }
    }
  }
}
/** two nibbles a byte: panels of 16 rows x 2 groups */
export function lut8x16(to: usize, x: usize, w: usize, m: i32, n: i32, groups: i32, block: i32): void {
  const pix = usize(16 * groups);
  for (let j = 0; j < m; j += 16, w += 16 * groups) {
    for (let i = 0; i < n; i += 8) {
      let x0 = x + usize(i) * pix;
      let wi = w;
      memory.fill(stage, 0, 256);
      for (let g = 0; g < groups; g += block) {
        const end = x0 + 16 * min(block, groups - g);
        let a = Z, b = Z, c = Z, d = Z, e = Z, f = Z, h = Z, k = Z;
        let x2 = x0 + 2 * pix, x4 = x0 + 4 * pix, x6 = x0 + 6 * pix;
        for (; x0 < end; x0 += 16, x2 += 16, x4 += 16, x6 += 16, wi += 16) {
          const p = v128.load(wi);
          a = look(a, v128.load(x0), p); b = look(b, v128.load(x0 + pix), p);
          c = look(c, v128.load(x2), p); d = look(d, v128.load(x2 + pix), p);
          e = look(e, v128.load(x4), p); f = look(f, v128.load(x4 + pix), p);
          h = look(h, v128.load(x6), p); k = look(k, v128.load(x6 + pix), p);
        }
        wide(stage, a); wide(stage + 32, b); wide(stage + 64, c); wide(stage + 96, d);
        wide(stage + 128, e); wide(stage + 160, f); wide(stage + 192, h); wide(stage + 224, k);
      }
      for (let r = 0; r < 8; r++) flush(to + 4 * ((i + r) * m + j), stage + 32 * r);
    }
  }
}
export function lut2x32(to: usize, x: usize, w: usize, m: i32, n: i32, groups: i32, block: i32): void {
  const pix = usize(16 * groups);
  for (let j = 0; j < m; j += 32, w += 32 * groups) {
    for (let i = 0; i < n; i += 2) {
      let x0 = x + usize(i) * pix;
      let wi = w;
      memory.fill(stage, 0, 128);
      for (let g = 0; g < groups; g += block) {
        const end = x0 + 16 * min(block, groups - g);
        let a = Z, b = Z, c = Z, d = Z;
        for (; x0 < end; x0 += 16, wi += 32) {
          const p = v128.load(wi), q = v128.load(wi, 16);
          let t = v128.load(x0); a = look(a, t, p); b = look(b, t, q);
          t = v128.load(x0 + pix); c = look(c, t, p); d = look(d, t, q);
        }
        wide(stage, a); wide(stage + 32, b); wide(stage + 64, c); wide(stage + 96, d);
      }
      for (let r = 0; r < 2; r++) {
        const t = to + 4 * ((i + r) * m + j);
        flush(t, stage + 64 * r); flush(t + 64, stage + 64 * r + 32);
      }
    }
  }
}
