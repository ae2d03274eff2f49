/** The instruction set `scalar`: plain WebAssembly, for engines without SIMD. Same names as ../../simd128/isa/index.ts. */

export const LANES: i32 = 1;
export type Floats = f32;
export type Ints = i32;

export * from './cells';

@inline export function loadFloats(from: usize): Floats { return f32.load(from); }
@inline export function loadSplat(from: usize): Floats { return f32.load(from); }
@inline export function storeFloats(to: usize, x: Floats): void { f32.store(to, x); }
@inline export function storeFirst(to: usize, x: Floats, count: i32): void {
  if (count > 0) f32.store(to, x);
}
@inline export function transpose(to: usize, toStride: usize, from: usize, fromStride: usize): void {
  f32.store(to, f32.load(from));
}

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
@inline export function negativeBits32(from: usize): u32 {
  let bits: u32 = 0;
  for (let i = 0; i < 32; i++) bits |= u32(f32.load(from + 4 * i) < 0) << i;
  return bits;
}
@inline export function packCodes(stage: usize): void {}
@inline export function planeBits(stage: usize, plane: i32): u32 {
  let bits: u32 = 0;
  for (let i = 0; i < 32; i++) bits |= ((i32.load(stage + 4 * i) >>> plane) & 1) << i;
  return bits;
}

@inline export function loadInts(from: usize): Ints { return i32.load(from); }
@inline export function storeInts(to: usize, x: Ints): void { i32.store(to, x); }
@inline export function addInts(a: Ints, b: Ints): Ints { return a + b; }
@inline export function zeroInts(): Ints { return 0; }
@inline export function gatherInts(from: usize, stride: usize): Ints { return i32.load(from); }
@inline export function orBit(a: Ints, x: Ints, at: i32, shift: i32): Ints { return a | (((x >>> at) & 1) << shift); }
@inline export function toFloats(x: Ints): Floats { return f32(x); }
@inline export function toInts(x: Floats): Ints { return i32(x); }
@inline export function negateWhere(x: Floats, signs: Ints, at: i32): Floats {
  return reinterpret<f32>(reinterpret<i32>(x) ^ ((signs >>> at) << 31));
}
