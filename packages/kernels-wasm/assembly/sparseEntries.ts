/**
 * Where full-precision weights find their activations in lines (fillLine): to[2 * i] = channel * channelBytes +
 * tapOffset[tap], to[2 * i + 1] = 4 * (kernel row of the tap), for the columns of all rows in order.
 * @param channels of a group, k = taps * channels  @param firstChannel of the rows' group
 * @param tapOffsets [taps] bytes  @param kw taps of a kernel row
 */
export function sparseEntries(
  to: usize,
  rows: i32,
  rowStart: usize,
  columns: usize,
  channels: u32,
  firstChannel: u32,
  channelBytes: u32,
  tapOffsets: usize,
  kw: u32,
): void {
  for (let row = 0; row < rows; row++, rowStart += 4) {
    // Columns ascend within a row: walking along the taps replaces a division for each of them.
    let tap: u32 = 0;
    let start: u32 = 0;
    const end = usize(load<u32>(rowStart + 4));
    for (let i = usize(load<u32>(rowStart)); i < end; i++) {
      const column = load<u32>(columns + 4 * i);
      for (; column - start >= channels; tap++) start += channels;
      const offset = (firstChannel + column - start) * channelBytes + load<u32>(tapOffsets + 4 * tap);
      store<u32>(to + 8 * i, offset);
      store<u32>(to + 8 * i, 4 * (tap / kw), 4);
    }
  }
}
