/**
 * The instruction set `relaxed-simd`: simd128, but for the table lookup. i8x16.swizzle must give 0 for an index beyond 15,
 * which costs x86 an instruction more; the relaxed one leaves it open, and all indices here are below 16.
 */
export * from 'vectors';

@inline export function lookup(table: v128, index: v128): v128 { return i8x16.relaxed_swizzle(table, index); }
