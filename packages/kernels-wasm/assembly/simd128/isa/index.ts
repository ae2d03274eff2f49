/**
 * The instruction set `simd128`: 128-bit vectors. Kernels import this module as 'isa' and are compiled once
 * against it and once against ../../scalar/isa/index.ts; both give the same bits, since every float operation rounds
 * each lane on its own and sums run in the same order.
 */

/** Float32 lanes worked on at once. */
export const LANES: i32 = 4;
export type Floats = v128;
export type Ints = v128;

/** Bits of a packed row worked on at once, in bytes: rows are padded with zero bits to a multiple of this. */
export const BIT_BYTES: i32 = 16;
export type Bits = v128;
/** Calls of `addCounts` before an accumulator must be read: 31 * 8 = 248 still fits its bytes. */
export const COUNT_BLOCK: i32 = 31;

@inline export function loadFloats(from: usize): Floats { return v128.load(from); }
@inline export function loadSplat(from: usize): Floats { return v128.load32_splat(from); }
@inline export function storeFloats(to: usize, x: Floats): void { v128.store(to, x); }

/** Stores the first `count` lanes, at most all of them. */
@inline export function storeFirst(to: usize, x: Floats, count: i32): void {
  if (count >= 4) {
    v128.store(to, x);
    return;
  }
  if (count & 2) {
    v128.store64_lane(to, x, 0);
    if (count & 1) v128.store32_lane(to, x, 2, 8);
    return;
  }
  if (count & 1) v128.store32_lane(to, x, 0);
}

/** Stores lane i at to + i * stride. */
@inline export function scatter(to: usize, stride: usize, x: Floats): void {
  v128.store32_lane(to, x, 0);
  v128.store32_lane(to + stride, x, 1);
  v128.store32_lane(to + 2 * stride, x, 2);
  v128.store32_lane(to + 3 * stride, x, 3);
}

@inline export function splat(x: f32): Floats { return f32x4.splat(x); }
@inline export function add(a: Floats, b: Floats): Floats { return f32x4.add(a, b); }
@inline export function sub(a: Floats, b: Floats): Floats { return f32x4.sub(a, b); }
@inline export function mul(a: Floats, b: Floats): Floats { return f32x4.mul(a, b); }
/** x > low ? x : low, which also decides between +0 and -0. */
@inline export function atLeast(x: Floats, low: Floats): Floats { return f32x4.pmax(low, x); }
/** x < high ? x : high. */
@inline export function atMost(x: Floats, high: Floats): Floats { return f32x4.pmin(high, x); }
/** Nearest integer, ties to even. */
@inline export function nearest(x: Floats): Floats { return f32x4.nearest(x); }
/** x < 0 ? a : x. */
@inline export function whereNegative(x: Floats, a: Floats): Floats {
  return v128.bitselect(a, x, f32x4.lt(x, f32x4.splat(0)));
}
/** mask all ones ? a : b, lane by lane. */
@inline export function select(mask: Ints, a: Floats, b: Floats): Floats { return v128.bitselect(a, b, mask); }
/** Bit i is 1 where lane i < 0. */
@inline export function negativeBits(x: Floats): u32 { return i32x4.bitmask(f32x4.lt(x, f32x4.splat(0))); }

@inline export function loadInts(from: usize): Ints { return v128.load(from); }
@inline export function storeInts(to: usize, x: Ints): void { v128.store(to, x); }
@inline export function addInts(a: Ints, b: Ints): Ints { return i32x4.add(a, b); }
@inline export function subInts(a: Ints, b: Ints): Ints { return i32x4.sub(a, b); }
@inline export function zeroInts(): Ints { return i32x4.splat(0); }
/** One 32-bit word from each of LANES addresses, `stride` bytes apart. */
@inline export function gatherInts(from: usize, stride: usize): Ints {
  let x = v128.load32_zero(from);
  x = v128.load32_lane(from + stride, x, 1);
  x = v128.load32_lane(from + 2 * stride, x, 2);
  return v128.load32_lane(from + 3 * stride, x, 3);
}
/** a | (bit `at` of x) << shift. */
@inline export function orBit(a: Ints, x: Ints, at: i32, shift: i32): Ints {
  return v128.or(a, i32x4.shl(v128.and(i32x4.shr_u(x, at), i32x4.splat(1)), shift));
}
/** Bit i is bit `at` of lane i. */
@inline export function bitsAt(x: Ints, at: i32): u32 { return i32x4.bitmask(i32x4.shl(x, 31 - at)); }
/** Nearest float32, ties to even. */
@inline export function toFloats(x: Ints): Floats { return f32x4.convert_i32x4_s(x); }
@inline export function toInts(x: Floats): Ints { return i32x4.trunc_sat_f32x4_s(x); }
/** Flips the sign of x where bit `at` of the lane of `signs` is 1. */
@inline export function negateWhere(x: Floats, signs: Ints, at: i32): Floats {
  return v128.xor(x, i32x4.shl(i32x4.shr_u(signs, at), 31));
}

@inline export function loadBits(from: usize): Bits { return v128.load(from); }
@inline export function xorBits(a: Bits, b: Bits): Bits { return v128.xor(a, b); }
@inline export function andBits(a: Bits, b: Bits): Bits { return v128.and(a, b); }
@inline export function zeroCounts(): Bits { return i8x16.splat(0); }
/** Adds the number of one bits of x, byte by byte. */
@inline export function addCounts(counts: Bits, x: Bits): Bits { return i8x16.add(counts, i8x16.popcnt(x)); }

/** tile[0..3] -= totals of four accumulators << shift. */
@inline export function subtractTotals(tile: usize, a: Bits, b: Bits, c: Bits, d: Bits, shift: i32): void {
  const sums = transposedSum(
    transposedPairs(widen(a), widen(b)),
    transposedPairs(widen(c), widen(d)),
  );
  v128.store(tile, i32x4.sub(v128.load(tile), i32x4.shl(sums, shift)));
}

@inline function widen(counts: Bits): Ints {
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts));
}
/** [a0+a2, b0+b2, a1+a3, b1+b3] */
@inline function transposedPairs(a: Ints, b: Ints): Ints {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
}
/** [ab0+ab2, ab1+ab3, cd0+cd2, cd1+cd3] */
@inline function transposedSum(ab: Ints, cd: Ints): Ints {
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}
