import { readWord } from '../bits';
import { HEADER_BYTES, storeHeader } from '../cellHeader';
import { CELL_BYTES, CELL_CHANNELS } from 'isa';

/** See ../byTables/fillCells.ts. */
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
      for (let p = 0; p < bits; p++)
        for (let c = 0; c < channels; c += CELL_CHANNELS, to += CELL_BYTES)
          store<u64>(to, readWord(from + usize(p) * planeBytes, first + c, min(CELL_CHANNELS, channels - c)));
      // Blocks of cells are whole vectors long on every instruction set.
      to = (to + 15) & ~15;
    }
}
