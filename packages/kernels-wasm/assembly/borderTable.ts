/**
 * The border class of `count` output pixels from the flat index `first` on: pixels of one class have the same
 * taps inside the picture. to[i] = rowClass[y] * colClasses + colClass[x].
 */
export function borderTable(
  to: usize,
  first: i32,
  count: i32,
  rowClass: usize,
  colClass: usize,
  outH: i32,
  outW: i32,
  colClasses: i32,
): void {
  for (let i = 0; i < count; i++) {
    const at = first + i;
    const row = load<i32>(rowClass + 4 * ((at / outW) % outH));
    store<i32>(to + 4 * i, row * colClasses + load<i32>(colClass + 4 * (at % outW)));
  }
}
