import { copyBits } from './bits';

/**
 * Packed patches: for each of `pixels` output pixels and `planes` bit planes one row of taps * channels bits,
 * zero outside the picture and in the padding: to[(pixel * planes + plane) * patchBytes].
 * @param table [pixels, taps] from tapTable  @param from plane p of pixel i starts at p * planeBytes + i * rowBytes
 * @param firstBit first channel of the group  @param channels channels of the group
 */
export function gatherBits(
  to: usize,
  patchBytes: usize,
  planes: i32,
  table: usize,
  pixels: i32,
  taps: i32,
  from: usize,
  planeBytes: usize,
  rowBytes: usize,
  firstBit: i32,
  channels: i32,
): void {
  // Writes of the last few bits of a row reach into the next one, which is cleared only afterwards.
  for (let i = 0; i < pixels; i++) {
    memory.fill(to, 0, patchBytes * planes);
    for (let tap = 0; tap < taps; tap++, table += 4) {
      const pixel = load<i32>(table);
      if (pixel < 0) continue;
      let row = from + usize(pixel) * rowBytes;
      for (let p = 0; p < planes; p++, row += planeBytes)
        copyBits(to + patchBytes * p, tap * channels, row, firstBit, channels);
    }
    to += patchBytes * planes;
  }
}
