/**
 * Planes -> floats by table: to[row * k + column] = values[code].
 * @param from plane p of row i starts at usize(p) * planeBytes + i * rowBytes  @param values [2^bits]
 */
export function dequantize(
  to: usize,
  from: usize,
  planeBytes: usize,
  rowBytes: usize,
  bits: i32,
  rows: i32,
  k: i32,
  values: usize,
): void {
  for (let row = 0; row < rows; row++, from += rowBytes)
    for (let column = 0; column < k; column++, to += 4) {
      const word = from + 4 * (column >>> 5);
      let q: u32 = 0;
      for (let p = 0; p < bits; p++) q |= ((load<u32>(word + usize(p) * planeBytes) >>> (column & 31)) & 1) << p;
      store<f32>(to, load<f32>(values + 4 * q));
    }
}
