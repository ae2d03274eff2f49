import { gatherInts, LANES, negateWhere, orBit, splat, storeFloats, toFloats, zeroInts } from 'isa';

/**
 * Packed pixels of one line as floats, channel by channel: to[channel * channelBytes + 4 * i] = +-1 or the code of
 * pixel i, for `pixels` pixels that are rowBytes apart. So the pixels that one weight meets lie side by side.
 * @param from plane p is p * planeBytes further on  @param signs whether bits are signs
 */
export function fillLine(
  to: usize,
  channelBytes: usize,
  from: usize,
  rowBytes: usize,
  planeBytes: usize,
  pixels: i32,
  channels: i32,
  bits: i32,
  signs: bool,
): void {
  const vectors = pixels - (pixels % LANES);
  for (let c = 0; c < channels; c += 32, from += 4) {
    const count = min(32, channels - c);
    for (let i = 0; i < vectors; i += LANES)
      unpack(to + 4 * i, channelBytes, from + usize(i) * rowBytes, rowBytes, planeBytes, count, bits, signs);
    for (let i = vectors; i < pixels; i++)
      unpackOne(to + 4 * i, channelBytes, from + usize(i) * rowBytes, planeBytes, count, bits, signs);
    to += 32 * channelBytes;
  }
}

/** LANES pixels of up to 32 channels. */
@inline
function unpack(
  to: usize,
  channelBytes: usize,
  from: usize,
  rowBytes: usize,
  planeBytes: usize,
  count: i32,
  bits: i32,
  signs: bool,
): void {
  const one = splat(1);
  const first = gatherInts(from, rowBytes);
  if (signs) {
    for (let bit = 0; bit < count; bit++, to += channelBytes) storeFloats(to, negateWhere(one, first, bit));
    return;
  }
  if (bits <= 2) {
    const second = bits == 2 ? gatherInts(from + planeBytes, rowBytes) : zeroInts();
    for (let bit = 0; bit < count; bit++, to += channelBytes)
      storeFloats(to, toFloats(orBit(orBit(zeroInts(), first, bit, 0), second, bit, 1)));
    return;
  }
  for (let bit = 0; bit < count; bit++, to += channelBytes) {
    let code = zeroInts();
    for (let p = 0; p < bits; p++) code = orBit(code, gatherInts(from + usize(p) * planeBytes, rowBytes), bit, p);
    storeFloats(to, toFloats(code));
  }
}

/** One pixel, reading and writing nothing beside it. */
@inline
function unpackOne(
  to: usize,
  channelBytes: usize,
  from: usize,
  planeBytes: usize,
  count: i32,
  bits: i32,
  signs: bool,
): void {
  for (let bit = 0; bit < count; bit++, to += channelBytes) {
    let code: i32 = 0;
    for (let p = 0; p < bits; p++) code |= ((load<i32>(from + usize(p) * planeBytes) >>> bit) & 1) << p;
    store<f32>(to, f32(<i32>(signs ? 1 - 2 * code : code)));
  }
}
