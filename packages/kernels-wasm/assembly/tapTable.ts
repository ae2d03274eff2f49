/**
 * Which input pixel every tap of a window sees, for `count` output pixels from the flat index `first` on:
 * to[i * taps + ky * kw + kx] = base + pixelBytes * pixel, or `outside` where the tap lies outside the picture.
 * Pixels are counted over all pictures, their lines modulo `ring`. With base 0, pixelBytes 1 and more lines in the ring
 * than there are, entries are plain pixel indices.
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
  ring: u32,
  base: i32,
  pixelBytes: i32,
  outside: i32,
): void {
  let x = first % outW;
  let y = (first / outW) % outH;
  let picture = first / (outW * outH);
  for (let i = 0; i < count; i++) {
    const rows = rowTaps + 4 * (y * kh);
    const columns = colTaps + 4 * (x * kw);
    for (let ky = 0; ky < kh; ky++) {
      const row = load<i32>(rows + 4 * ky);
      const line = u32(picture * inH + row);
      const start = i32(line < ring ? line : line % ring) * inW;
      for (let kx = 0; kx < kw; kx++, to += 4) {
        const column = load<i32>(columns + 4 * kx);
        store<i32>(to, (row | column) < 0 ? outside : base + pixelBytes * (start + column));
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
