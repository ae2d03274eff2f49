/** How bits meet here: by i64.popcnt. A cell is a word of 64 channels of one plane. */
export const CELL_CHANNELS: i32 = 64;
export const CELL_BYTES: i32 = 8;
export const WEIGHT_BYTES: i32 = 8;
/** Planes are multiplied one by one. */
export const DIGIT_BITS: i32 = 1;
export const PANEL_ROWS: i32 = 4;
export const ROW_GRAIN: i32 = 4;

@inline export function storeWeights(to: usize, bits: u64): void { store<u64>(to, bits); }
