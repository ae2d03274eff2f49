import { gatherInts, LANES, negateWhere, splat, storeFloats } from 'isa';

/**
 * Signs of LANES patches as floats, interleaved: to[column * LANES + lane] = +-1, 0 at taps outside the picture;
 * column < k rounded up to 32.
 * @param patches from gatherBits  @param table [LANES, taps] from tapTable
 */
export function unpackSigns(to: usize, patches: usize, patchBytes: usize, table: usize, taps: i32, channels: i32): void {
  const k = taps * channels;
  let at = to;
  for (let column = 0; column < k; column += 32, patches += 4) {
    const words = gatherInts(patches, patchBytes);
    for (let bit = 0; bit < 32; bit++, at += 4 * LANES) storeFloats(at, negateWhere(splat(1), words, bit));
  }
  for (let lane = 0; lane < LANES; lane++)
    for (let tap = 0; tap < taps; tap++, table += 4)
      if (load<i32>(table) < 0)
        for (let c = 0; c < channels; c++) store<f32>(to + 4 * ((tap * channels + c) * LANES + lane), 0);
}
