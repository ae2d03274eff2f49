import { type Shape, sameShape } from '../tensor/shape.js';
import type { ConvGeometry, Pads, Pair, PoolGeometry } from './geometry.js';
import type { Activation } from './op.js';
import type { Encoding, Quantizer } from './quantizer.js';

/** The argument checks of the contract, shared by backends so that all refuse the same with the same words. */

/** @throws RangeError when `shape` is not `expected`, naming `what` */
export function expectShape(shape: Shape, expected: Shape, what: string): void {
  if (!sameShape(shape, expected)) throw new RangeError(`${what} must be [${expected}], got [${shape}]`);
}

/** @throws RangeError unless the shape has `rank` axes */
export function expectRank(shape: Shape, rank: number, what: string): void {
  if (shape.length !== rank) throw new RangeError(`${what} must have ${rank} axes, got [${shape}]`);
}

/** A vector over channels: its length and that it is finite. @throws RangeError */
export function expectChannels(values: Float32Array, channels: number, what: string): void {
  if (values.length !== channels)
    throw new RangeError(`${what} needs ${channels} values, one per channel, got ${values.length}`);
  for (const v of values)
    if (!Number.isFinite(v)) throw new RangeError(`${what} holds ${v}; every value must be finite`);
}

/** @throws RangeError naming the field of the activation that is wrong */
export function checkActivation(a: Activation, channels: number): void {
  switch (a.kind) {
    case 'none':
    case 'relu':
      return;
    case 'clamp':
      if (!(Math.fround(a.min) <= Math.fround(a.max)))
        throw new RangeError(`clamp needs min <= max, got ${a.min} and ${a.max}`);
      return;
    case 'prelu':
      expectChannels(a.slopes, channels, 'prelu slopes');
      return;
    default:
      throw new RangeError(`unknown activation ${String((a as { kind: unknown }).kind)}`);
  }
}

/** @throws RangeError naming the field of the quantizer that is wrong */
export function checkQuantizer(q: Quantizer): void {
  if (q.kind === 'sign') {
    checkFloat32(q.scale, 'quantizer scale');
    return;
  }
  if (q.kind !== 'code')
    throw new RangeError(`quantizer kind is ${String((q as { kind: unknown }).kind)}, not sign or code`);
  checkBits(q.bits);
  for (const field of ['lo', 'hi', 'inv', 'base', 'step'] as const)
    checkFloat32(q[field], `quantizer ${field}`);
  if (!(q.lo < q.hi)) throw new RangeError(`quantizer interval [${q.lo}, ${q.hi}] is empty`);
  if (!(q.inv > 0)) throw new RangeError(`quantizer inv ${q.inv} is not positive`);
  // Anything else would let a clipped value fall outside 0..2^bits-1 after rounding.
  const top = Math.fround(Math.fround(q.hi - q.lo) * q.inv);
  if (!(top < 2 ** q.bits - 0.5))
    throw new RangeError(`quantizer inv ${q.inv} sends hi to ${top}, beyond ${2 ** q.bits - 1}`);
}

/** @throws RangeError naming the field of the encoding that is wrong */
export function checkEncoding(e: Encoding): void {
  if (e.kind === 'sign') {
    if ((e.bits as number) !== 1) throw new RangeError(`sign planes have 1 bit, got ${e.bits}`);
    checkFloat32(e.scale, 'encoding scale');
    return;
  }
  if (e.kind !== 'code')
    throw new RangeError(`encoding kind is ${String((e as { kind: unknown }).kind)}, not sign or code`);
  checkBits(e.bits);
  checkFloat32(e.base, 'encoding base');
  checkFloat32(e.step, 'encoding step');
}

export function sameEncoding(a: Encoding, b: Encoding): boolean {
  if (a.kind === 'sign') return b.kind === 'sign' && a.scale === b.scale;
  return b.kind === 'code' && a.bits === b.bits && a.base === b.base && a.step === b.step;
}

/** @throws RangeError when planes of one encoding cannot hold what another one means */
export function expectEncoding(actual: Encoding, expected: Encoding, what: string): void {
  if (!sameEncoding(actual, expected))
    throw new RangeError(`${what} must be ${JSON.stringify(expected)} planes, got ${JSON.stringify(actual)}`);
}

/** @throws RangeError naming the field of the geometry that is wrong */
export function checkConvGeometry(g: ConvGeometry): void {
  checkPair(g.kernel, 1, 'kernel');
  checkPair(g.strides, 1, 'strides');
  checkPair(g.dilations, 1, 'dilations');
  checkPads(g.pads);
  for (const field of ['inChannels', 'outChannels', 'groups'] as const) checkInteger(g[field], 1, field);
  if (g.inChannels % g.groups || g.outChannels % g.groups)
    throw new RangeError(
      `${g.groups} groups do not divide ${g.inChannels} input and ${g.outChannels} output channels`,
    );
}

/**
 * Pads are smaller than the window, so that every window holds at least one pixel.
 * @throws RangeError naming the field of the geometry that is wrong
 */
export function checkPoolGeometry(g: PoolGeometry): void {
  checkPair(g.window, 1, 'window');
  checkPair(g.strides, 1, 'strides');
  checkPads(g.pads);
  g.pads.forEach((pad, side) => {
    if (pad >= g.window[side % 2])
      throw new RangeError(`pads [${g.pads}] must be smaller than the window [${g.window}]`);
  });
}

export function checkPair(pair: Pair, least: number, what: string): void {
  if (pair.length !== 2) throw new RangeError(`${what} must be two numbers, got [${pair}]`);
  for (const v of pair) checkInteger(v, least, what);
}

export function checkInteger(value: number, least: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`${what} must be an integer of at least ${least}, got ${value}`);
}

function checkPads(pads: Pads): void {
  if (pads.length !== 4) throw new RangeError(`pads must be four numbers, got [${pads}]`);
  for (const v of pads) checkInteger(v, 0, 'pads');
}

function checkBits(bits: number): void {
  if (![1, 2, 4, 8].includes(bits)) throw new RangeError(`activations have 1, 2, 4 or 8 bits, got ${bits}`);
}

function checkFloat32(value: number, what: string): void {
  if (!Number.isFinite(value) || Math.fround(value) !== value)
    throw new RangeError(`${what} ${value} is not a finite float32 value; round it with Math.fround`);
}
