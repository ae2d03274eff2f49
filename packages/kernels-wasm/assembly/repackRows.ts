import { copyBits } from './bits';

/**
 * One plane with another row length: the bits of [*, fromK] in their order as [rows, k], both with rows padded to
 * 32-bit words.
 */
export function repackRows(to: usize, rows: i32, k: i32, from: usize, fromK: i32): void {
  const toBytes = usize(4 * ((k + 31) >>> 5));
  const fromBytes = usize(4 * ((fromK + 31) >>> 5));
  let used: i32 = 0;
  for (let row = 0; row < rows; row++, to += toBytes) {
    memory.fill(to, 0, toBytes);
    for (let done = 0; done < k; ) {
      const count = min(k - done, fromK - used);
      copyBits(to, done, from, used, count);
      done += count;
      used += count;
      if (used == fromK) {
        used = 0;
        from += fromBytes;
      }
    }
  }
}
