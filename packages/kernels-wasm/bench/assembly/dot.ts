/**
 * The design of 8-bit products: patches as bytes 0 or 1 [n, k], weights as bytes 1 or -1 in panels of 4 rows,
 * [panels][k / 16][4] vectors. Sums of x * w by relaxed dot products, 16 a step.
 */
export function dot1x4(to: usize, x: usize, w: usize, m: i32, n: i32, vectors: i32): void {
  for (let j = 0; j < m; j += 4, w += 64 * vectors)
    for (let i = 0; i < n; i++) {
      let at = x + usize(16 * i * vectors);
      let a = i32x4.splat(0), b = a, c = a, d = a;
      for (let u = w; u < w + 64 * vectors; u += 64, at += 16) {
        const p = v128.load(at);
        a = dot(a, v128.load(u), p);
        b = dot(b, v128.load(u, 16), p);
        c = dot(c, v128.load(u, 32), p);
        d = dot(d, v128.load(u, 48), p);
      }
      const ab = pairs(a, b);
      const cd = pairs(c, d);
      const sums = i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
      v128.store(to + 4 * (i * m + j), sums);
    }
}
@inline function dot(sum: v128, w: v128, x: v128): v128 {
  return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(w, x)));
}
@inline function pairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
}
