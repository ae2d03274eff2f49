/**
 * The instruction set `simd128`: 128-bit vectors. Kernels import this module as 'isa' and are compiled once against
 * each instruction set; all give the same bits, since every float operation rounds each lane on its own and sums run
 * in the same order.
 */
export * from 'vectors';

/** Byte i of the table's 16 bytes for each byte i < 16 of index. */
@inline export function lookup(table: v128, index: v128): v128 { return i8x16.swizzle(table, index); }
