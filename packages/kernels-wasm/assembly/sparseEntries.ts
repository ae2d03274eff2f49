/**
 * Where full-precision weights find their activations in lines (fillLine), for the columns of all rows in order:
 * to[2 * i] = tapInfo[2 * tap] + channel * channelBytes, to[2 * i + 1] = tapInfo[2 * tap + 1].
 * @param channels of a group, k = taps * channels  @param firstChannel of the rows' group
 * @param tapInfo [taps, 2] bytes from a line's start to where the first pixel's channel 0 is; 4 * kernel row
 */
export function sparseEntries(
  to: usize,
  rows: i32,
  rowStart: usize,
  columns: usize,
  channels: u32,
  firstChannel: u32,
  channelBytes: u32,
  tapInfo: usize,
): void {
  for (let row = 0; row < rows; row++, rowStart += 4) {
    // Columns ascend within a row: walking along the taps replaces a division for each of them.
    let tap = tapInfo;
    let start = -firstChannel;
    let next = channels;
    const end = usize(load<u32>(rowStart + 4));
    for (let i = usize(load<u32>(rowStart)); i < end; i++) {
      const column = load<u32>(columns + 4 * i);
      for (; column >= next; tap += 8) {
        start += channels;
        next += channels;
      }
      store<u64>(to + 8 * i, load<u64>(tap) + u64((column - start) * channelBytes));
    }
  }
}
