/**
 * What the products of pixels start from (cellHeader.ts): to[i] = factor * sum over taps of their pixel's header.
 * @param table [pixels, taps] addresses  @param offset of the group's block in a pixel
 */
export function patchStarts(to: usize, table: usize, pixels: i32, taps: i32, offset: usize, factor: i32): void {
  for (let i = 0; i < pixels; i++) {
    let sum: i32 = 0;
    for (let tap = 0; tap < taps; tap++, table += 4) sum += load<i32>(usize(load<u32>(table)) + offset);
    store<i32>(to + 4 * i, factor * sum);
  }
}
