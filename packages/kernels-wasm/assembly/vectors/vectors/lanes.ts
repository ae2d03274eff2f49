/** Four lanes of 32 bits. */

/** Float32 lanes worked on at once. */
export const LANES: i32 = 4;
export type Floats = v128;
export type Ints = v128;

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

/** A block of LANES x LANES floats with rows and columns exchanged. */
@inline export function transpose(to: usize, toStride: usize, from: usize, fromStride: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStride);
  const c = v128.load(from + 2 * fromStride);
  const d = v128.load(from + 3 * fromStride);
  const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(abLow, cdLow, 0, 2));
  v128.store(to + toStride, v128.shuffle<i64>(abLow, cdLow, 1, 3));
  v128.store(to + 2 * toStride, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
  v128.store(to + 3 * toStride, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
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
@inline export function negativeBits(x: Floats): u32 { return i32x4.bitmask(negative(x)); }
/** Bit i is 1 where the i-th of 32 floats < 0. */
@inline export function negativeBits32(from: usize): u32 {
  return negativeBits16(from) | (negativeBits16(from + 64) << 16);
}
@inline function negativeBits16(from: usize): u32 {
  const low = i16x8.narrow_i32x4_s(negative(v128.load(from)), negative(v128.load(from, 16)));
  const high = i16x8.narrow_i32x4_s(negative(v128.load(from, 32)), negative(v128.load(from, 48)));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}
@inline function negative(x: Floats): Ints { return f32x4.lt(x, f32x4.splat(0)); }

/** Makes 32 ints of 0 to 255 ready for `planeBits`, in place. */
@inline export function packCodes(stage: usize): void {
  v128.store(stage, codes16(stage));
  v128.store(stage, codes16(stage + 64), 16);
}
@inline function codes16(from: usize): v128 {
  return i8x16.narrow_i16x8_u(
    i16x8.narrow_i32x4_s(v128.load(from), v128.load(from, 16)),
    i16x8.narrow_i32x4_s(v128.load(from, 32), v128.load(from, 48)),
  );
}
/** Bit i is bit `plane` of the i-th of 32 codes. */
@inline export function planeBits(stage: usize, plane: i32): u32 {
  // Shifts of 16 bits: what crosses from one byte to the next stays below its top bit.
  const low = i8x16.bitmask(i16x8.shl(v128.load(stage), 7 - plane));
  const high = i8x16.bitmask(i16x8.shl(v128.load(stage, 16), 7 - plane));
  return low | (high << 16);
}

@inline export function loadInts(from: usize): Ints { return v128.load(from); }
@inline export function storeInts(to: usize, x: Ints): void { v128.store(to, x); }
@inline export function addInts(a: Ints, b: Ints): Ints { return i32x4.add(a, b); }
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
/** Nearest float32, ties to even. */
@inline export function toFloats(x: Ints): Floats { return f32x4.convert_i32x4_s(x); }
@inline export function toInts(x: Floats): Ints { return i32x4.trunc_sat_f32x4_s(x); }
/** Flips the sign of x where bit `at` of the lane of `signs` is 1. */
@inline export function negateWhere(x: Floats, signs: Ints, at: i32): Floats {
  return v128.xor(x, i32x4.shl(i32x4.shr_u(signs, at), 31));
}
