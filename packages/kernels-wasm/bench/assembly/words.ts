/** Designs that count 64-bit words with i64.popcnt: weights in panels of 4 rows, [panels][words][4]. */

export function words1x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vectors)
    for (let i = 0; i < n; i++) {
      let at = x + usize(16 * i * vectors);
      let a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0;
      for (let u = w; u < w + 64 * vectors; u += 32, at += 8) {
        const p = load<u64>(at);
        a += popcnt(p ^ load<u64>(u));
        b += popcnt(p ^ load<u64>(u, 8));
        c += popcnt(p ^ load<u64>(u, 16));
        d += popcnt(p ^ load<u64>(u, 24));
      }
      storeFour(to + 4 * (i * m + j), a, b, c, d);
    }
}

export function words2x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  const row = usize(16 * vectors);
  for (let j = 0; j < m; j += 4, w += 4 * row)
    for (let i = 0; i < n; i += 2) {
      let at = x + usize(i) * row;
      let a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0;
      let e: u64 = 0, f: u64 = 0, g: u64 = 0, h: u64 = 0;
      for (let u = w; u < w + 4 * row; u += 32, at += 8) {
        const p = load<u64>(at), q = load<u64>(at + row);
        let v = load<u64>(u);
        a += popcnt(p ^ v);
        e += popcnt(q ^ v);
        v = load<u64>(u, 8);
        b += popcnt(p ^ v);
        f += popcnt(q ^ v);
        v = load<u64>(u, 16);
        c += popcnt(p ^ v);
        g += popcnt(q ^ v);
        v = load<u64>(u, 24);
        d += popcnt(p ^ v);
        h += popcnt(q ^ v);
      }
      storeFour(to + 4 * (i * m + j), a, b, c, d);
      storeFour(to + 4 * (i * m + m + j), e, f, g, h);
    }
}

@inline function storeFour(to: usize, a: u64, b: u64, c: u64, d: u64): void {
  store<i32>(to, i32(a));
  store<i32>(to, i32(b), 4);
  store<i32>(to, i32(c), 8);
  store<i32>(to, i32(d), 12);
}
