/** The instruction set `scalar`: plain WebAssembly, for engines without SIMD. Same names as ../../simd128/isa/index.ts. */

export const LANES: i32 = 1;
export type Floats = f32;
export type Ints = i32;

export const BIT_BYTES: i32 = 8;
export type Bits = u64;
/** A 64-bit counter never overflows on rows below 2^31 bits. */
export const COUNT_BLOCK: i32 = 1 << 30;

@inline export function loadFloats(from: usize): Floats { return f32.load(from); }
@inline export function loadSplat(from: usize): Floats { return f32.load(from); }
@inline export function storeFloats(to: usize, x: Floats): void { f32.store(to, x); }
@inline export function storeFirst(to: usize, x: Floats, count: i32): void {
  if (count > 0) f32.store(to, x);
}
@inline export function scatter(to: usize, stride: usize, x: Floats): void { f32.store(to, x); }

@inline export function splat(x: f32): Floats { return x; }
@inline export function add(a: Floats, b: Floats): Floats { return a + b; }
@inline export function sub(a: Floats, b: Floats): Floats { return a - b; }
@inline export function mul(a: Floats, b: Floats): Floats { return a * b; }
@inline export function atLeast(x: Floats, low: Floats): Floats { return x > low ? x : low; }
@inline export function atMost(x: Floats, high: Floats): Floats { return x < high ? x : high; }
@inline export function nearest(x: Floats): Floats { return f32.nearest(x); }
@inline export function whereNegative(x: Floats, a: Floats): Floats { return x < 0 ? a : x; }
@inline export function select(mask: Ints, a: Floats, b: Floats): Floats { return mask ? a : b; }
@inline export function negativeBits(x: Floats): u32 { return u32(x < 0); }

@inline export function loadInts(from: usize): Ints { return i32.load(from); }
@inline export function storeInts(to: usize, x: Ints): void { i32.store(to, x); }
@inline export function addInts(a: Ints, b: Ints): Ints { return a + b; }
@inline export function subInts(a: Ints, b: Ints): Ints { return a - b; }
@inline export function zeroInts(): Ints { return 0; }
@inline export function gatherInts(from: usize, stride: usize): Ints { return i32.load(from); }
@inline export function orBit(a: Ints, x: Ints, at: i32, shift: i32): Ints { return a | (((x >>> at) & 1) << shift); }
@inline export function bitsAt(x: Ints, at: i32): u32 { return (x >>> at) & 1; }
@inline export function toFloats(x: Ints): Floats { return f32(x); }
@inline export function toInts(x: Floats): Ints { return i32(x); }
@inline export function negateWhere(x: Floats, signs: Ints, at: i32): Floats {
  return reinterpret<f32>(reinterpret<i32>(x) ^ ((signs >>> at) << 31));
}

@inline export function loadBits(from: usize): Bits { return load<u64>(from); }
@inline export function xorBits(a: Bits, b: Bits): Bits { return a ^ b; }
@inline export function andBits(a: Bits, b: Bits): Bits { return a & b; }
@inline export function zeroCounts(): Bits { return 0; }
@inline export function addCounts(counts: Bits, x: Bits): Bits { return counts + popcnt<u64>(x); }

@inline export function subtractTotals(tile: usize, a: Bits, b: Bits, c: Bits, d: Bits, shift: i32): void {
  subtract(tile, a, shift);
  subtract(tile + 4, b, shift);
  subtract(tile + 8, c, shift);
  subtract(tile + 12, d, shift);
}

@inline function subtract(at: usize, total: Bits, shift: i32): void {
  i32.store(at, i32.load(at) - (i32(total) << shift));
}
