import { countBits } from './bits';

/** Bytes in front of the cells of a pixel. */
export const HEADER_BYTES: i32 = 16;

/**
 * What a pixel's cells start with, and what a product starts from: the product of its channels with weights that are
 * all +1, as signs count it: the number of channels for signs, the sum of the codes for codes. The cells count what
 * negative weights take away. A pixel of zero bytes stands for a tap outside the picture.
 */
@inline
export function storeHeader(
  to: usize,
  signs: bool,
  bits: i32,
  from: usize,
  planeBytes: usize,
  firstBit: i32,
  channels: i32,
): void {
  let sum = channels;
  if (!signs) {
    sum = 0;
    for (let p = 0; p < bits; p++, from += planeBytes) sum += countBits(from, firstBit, channels) << p;
  }
  store<i32>(to, sum);
}
