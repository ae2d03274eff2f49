/**
 * R = sum of a row's full-precision corrections over in-bounds taps, in float32 in their order from +0.
 * to[row]; rows without corrections are left as they are.
 * @param mask [taps] bytes, 1 where the tap is inside  @param channels columns of one tap
 */
export function residualSums(
  to: usize,
  mask: usize,
  channels: i32,
  rows: i32,
  rowStart: usize,
  columns: usize,
  values: usize,
): void {
  for (let row = 0; row < rows; row++, to += 4, rowStart += 4) {
    const first = load<u32>(rowStart);
    const end = load<u32>(rowStart + 4);
    if (first == end) continue;
    let sum: f32 = 0;
    for (let i = usize(first); i < usize(end); i++)
      if (load<u8>(mask + load<u32>(columns + 4 * i) / channels)) sum += load<f32>(values + 4 * i);
    store<f32>(to, sum);
  }
}
