/** Copies rows of rowBytes into rows with `before` zero bytes in front and `after` behind. */
export function padRows(to: usize, from: usize, rows: i32, rowBytes: usize, before: usize, after: usize): void {
  for (let i = 0; i < rows; i++, from += rowBytes) {
    memory.fill(to, 0, before);
    memory.copy(to + before, from, rowBytes);
    memory.fill(to + before + rowBytes, 0, after);
    to += before + rowBytes + after;
  }
}
