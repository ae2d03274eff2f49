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
  let line = first / outW;
  const tapBytes = usize(4 * kh * kw);
  for (let i = 0; i < count; ) {
    // Output pixels of one line, whose kernel rows all see the same input lines.
    const pixels = min(count - i, outW - x);
    const start = line / outH * inH;
    const rows = rowTaps + 4 * ((line % outH) * kh);
    for (let ky = 0; ky < kh; ky++) {
      const row = load<i32>(rows + 4 * ky);
      const slot = base + pixelBytes * (i32(u32(start + row) % ring) * inW);
      // Pixels inside: a loop as short as kw would cost more than its body.
      for (let kx = 0; kx < kw; kx++) {
        let at = to + usize(4 * (ky * kw + kx));
        let from = colTaps + usize(4 * (x * kw + kx));
        for (let pixel = 0; pixel < pixels; pixel++, at += tapBytes, from += 4 * kw) {
          const column = load<i32>(from);
          store<i32>(at, (row | column) < 0 ? outside : slot + pixelBytes * column);
        }
      }
    }
    to += tapBytes * usize(pixels);
    i += pixels;
    x = 0;
    line++;
  }
}
