import { readBits } from '../bits';
import { HEADER_BYTES, storeHeader } from '../cellHeader';
import { CELL_BYTES, CELL_CHANNELS } from 'isa';

/** Cells of 4 signs, [16] by their bits. */
const signCells = memory.data(16 * CELL_BYTES, 16);
/** Cells of 4 codes of two bits, [256] by the bits of plane 0, then those of plane 1. */
const codeCells = memory.data(256 * CELL_BYTES, 16);

for (let x = 0; x < 256; x++)
  for (let j = 0; j < 16; j++) {
    const low = x & 15;
    if (x < 16) store<u8>(signCells + x * CELL_BYTES + j, u8(popcnt(low ^ j)));
    store<u8>(codeCells + x * CELL_BYTES + j, u8(popcnt(low & j) + 2 * popcnt((x >>> 4) & j)));
  }

/**
 * Packed pixels -> cells, which products read: for each pixel and group a header (cellHeader.ts), then for each digit
 * of DIGIT_BITS planes the cells of the group's channels, those of ragged ends filled up with zero bits.
 * @param to pixels lie one after the other, groups within them  @param from plane p of pixel i is at
 *   p * planeBytes + i * rowBytes  @param channels of one group
 */
export function fillCells(
  to: usize,
  from: usize,
  rowBytes: usize,
  planeBytes: usize,
  pixels: i32,
  groups: i32,
  channels: i32,
  bits: i32,
  signs: bool,
): void {
  for (let i = 0; i < pixels; i++, from += rowBytes)
    for (let g = 0; g < groups; g++) {
      const first = g * channels;
      storeHeader(to, signs, bits, from, planeBytes, first, channels);
      to += HEADER_BYTES;
      if (signs) to = signDigit(to, from, first, channels);
      else if (bits == 1) to = codeDigit(to, from, 0, 1, first, channels);
      else if (bits == 2) to = codeDigit(to, from, planeBytes, 2, first, channels);
      else
        for (let p = 0; p < bits; p += 4)
          to = codeDigit(to, from + usize(p) * planeBytes, planeBytes, 4, first, channels);
    }
}

/** @returns where the next cells go */
@inline
function signDigit(to: usize, from: usize, first: i32, channels: i32): usize {
  let c: i32 = 0;
  if (!(first & 7))
    for (let at = from + (first >>> 3); c + 8 <= channels; c += 8, at++, to += 2 * CELL_BYTES) {
      const x = usize(load<u8>(at));
      v128.store(to, v128.load(signCells + ((x & 15) << 4)));
      v128.store(to, v128.load(signCells + (x & 0xf0)), CELL_BYTES);
    }
  for (; c < channels; c += CELL_CHANNELS, to += CELL_BYTES)
    v128.store(to, v128.load(signCells + (nibble(from, first + c, channels - c) << 4)));
  return to;
}

/** The same for 1, 2 or 4 planes of codes. */
@inline
function codeDigit(to: usize, from: usize, planeBytes: usize, planes: i32, first: i32, channels: i32): usize {
  let c: i32 = 0;
  if (!(first & 7))
    for (let at = from + (first >>> 3); c + 8 <= channels; c += 8, at++, to += 2 * CELL_BYTES) {
      const x = usize(load<u8>(at));
      const y = planes > 1 ? usize(load<u8>(at + planeBytes)) : 0;
      let low = v128.load(codeCells + ((x & 15) << 4) + ((y & 15) << 8));
      let high = v128.load(codeCells + (x & 0xf0) + ((y & 0xf0) << 4));
      if (planes == 4) {
        const z = usize(load<u8>(at + 2 * planeBytes));
        const w = usize(load<u8>(at + 3 * planeBytes));
        low = withHigh(low, ((z & 15) << 4) + ((w & 15) << 8));
        high = withHigh(high, (z & 0xf0) + ((w & 0xf0) << 4));
      }
      v128.store(to, low);
      v128.store(to, high, CELL_BYTES);
    }
  for (; c < channels; c += CELL_CHANNELS, to += CELL_BYTES) {
    const left = channels - c;
    let at = nibble(from, first + c, left) << 4;
    if (planes > 1) at += nibble(from + planeBytes, first + c, left) << 8;
    let cell = v128.load(codeCells + at);
    if (planes == 4) {
      at = nibble(from + 2 * planeBytes, first + c, left) << 4;
      cell = withHigh(cell, at + (nibble(from + 3 * planeBytes, first + c, left) << 8));
    }
    v128.store(to, cell);
  }
  return to;
}

/** Adds planes 2 and 3 of a digit: their cell counts four times, at most 48 a byte, so no bit leaves its byte. */
@inline
function withHigh(cell: v128, at: usize): v128 {
  return i8x16.add(cell, i16x8.shl(v128.load(codeCells + at), 2));
}

@inline
function nibble(from: usize, bit: i32, left: i32): usize {
  return usize(readBits(from, bit, min(CELL_CHANNELS, left)));
}
