/**
 * What a code product starts from: to[i] = factor * sum of the codes of patch i
 * = factor * sum over planes p of 2^p * popcount(plane p).
 */
export function patchStarts(to: usize, patches: usize, patchBytes: usize, planes: i32, pixels: i32, factor: i32): void {
  for (let i = 0; i < pixels; i++) {
    let sum: i32 = 0;
    for (let p = 0; p < planes; p++) {
      const end = patches + patchBytes;
      for (; patches < end; patches += 8) sum += i32(popcnt<u64>(load<u64>(patches))) << p;
    }
    store<i32>(to + 4 * i, factor * sum);
  }
}
