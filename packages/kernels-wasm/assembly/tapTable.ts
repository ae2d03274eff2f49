/**
 * Which input pixel every tap of a window sees, for `count` output pixels from the flat index `first` on:
 * to[i * taps + ky * kw + kx] = flat pixel index, or -1 where the tap lies outside the picture.
 * @param rowTaps [outH, kh] input rows, -1 outside  @param colTaps [outW, kw] input columns, -1 outside
 */
export function tapTable(
  to: usize,
  first: i32,
  count: i32,
  rowTaps: usize,
  colTaps: usize,
  outH: i32,
  outW: i32,
  kh: i32,
  kw: i32,
  inH: i32,
  inW: i32,
): void {
  let x = first % outW;
  let y = (first / outW) % outH;
  let picture = first / (outW * outH);
  for (let i = 0; i < count; i++) {
    const rows = rowTaps + 4 * (y * kh);
    const columns = colTaps + 4 * (x * kw);
    for (let ky = 0; ky < kh; ky++) {
      const row = load<i32>(rows + 4 * ky);
      const start = (picture * inH + row) * inW;
      for (let kx = 0; kx < kw; kx++, to += 4) {
        const column = load<i32>(columns + 4 * kx);
        store<i32>(to, (row | column) < 0 ? -1 : start + column);
      }
    }
    if (++x == outW) {
      x = 0;
      if (++y == outH) {
        y = 0;
        picture++;
      }
    }
  }
}
