/**
 * How bits meet here: by tables. A cell stands for 4 channels of one pixel and holds, for each of the 16 choices of
 * negative signs j among 4 weights, what they count together:
 *
 *     signs:  cell[j] = number of channels i where bit i of j differs from the sign of channel i     at most 4
 *     codes:  cell[j] = sum of the codes of the channels where bit i of j is 1                        at most 60
 *
 * Bits j of 16 weight rows are 16 bytes, so that one lookup and one addition count 64 products. On x86, where
 * i8x16.popcnt is about eight instructions, that beats counting bits, and codes of two bits cost no more than signs.
 * The designs that were measured: bench/README.md.
 */

/** Channels of a cell. */
export const CELL_CHANNELS: i32 = 4;
/** Bytes of a cell in activations: one for each value of 4 sign bits. */
export const CELL_BYTES: i32 = 16;
/** Bytes that the weights of one row take for one cell. */
export const WEIGHT_BYTES: i32 = 1;
/** Bits of a code that share a cell; wider codes are several digits. 4 * (2^4 - 1) still fits a byte. */
export const DIGIT_BITS: i32 = 4;
/** Weight rows of a panel; the last one may have half of them. */
export const PANEL_ROWS: i32 = 32;
/** Weight rows are padded to a multiple. */
export const ROW_GRAIN: i32 = 16;

/** Writes the sign bits of one row for one cell. */
@inline export function storeWeights(to: usize, bits: u64): void { store<u8>(to, u8(bits)); }
