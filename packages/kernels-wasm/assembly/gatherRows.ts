/** Copies the pixels that a one-tap table names: to[i] = from[table[i]], each of pixelBytes. */
export function gatherRows(to: usize, table: usize, pixels: i32, from: usize, pixelBytes: usize): void {
  for (let i = 0; i < pixels; i++, to += pixelBytes)
    memory.copy(to, from + usize(load<i32>(table + 4 * i)) * pixelBytes, pixelBytes);
}
