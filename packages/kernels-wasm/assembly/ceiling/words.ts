/** The ceiling of engines without vectors: see vectors.ts. steps * 4 times 64 products. */
export function words(steps: i32, x: i32): i32 {
  const p = u64(x) * 0x0101010101010101;
  let a = p, b = ~p, c = p + 1, d = ~c;
  for (let i = 0; i < steps; i++) {
    a += popcnt(a ^ p);
    b += popcnt(b ^ p);
    c += popcnt(c ^ p);
    d += popcnt(d ^ p);
  }
  return i32(a ^ b ^ c ^ d);
}
