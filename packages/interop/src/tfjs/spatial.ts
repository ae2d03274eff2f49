import type { Pads, Pair } from '@apb/core';
import type { TfBuilder, TfStep } from './builder.js';

/** Pads a picture [N, H, W, C] with `value`; TensorFlow.js knows four-sided pads in some operations only. */
export function padded(name: string, pads: Pads, value: number, b: TfBuilder): TfStep[] {
  if (pads.every(pad => pad === 0)) return [];
  const [top, left, bottom, right] = pads;
  const list = b.int32s(`${name}/pads`, [0, 0, top, bottom, left, right, 0, 0], 2);
  return [{ op: 'PadV2', more: [list, b.floats(`${name}/padding`, [], [value])] }];
}

/** Every strides-th pixel of a picture [N, H, W, C], starting at the first. */
export function strided(name: string, strides: Pair, b: TfBuilder): TfStep[] {
  if (strides.every(stride => stride === 1)) return [];
  // All bits of a mask: from the first to the last on every axis.
  const attributes = { begin_mask: { int: 15 }, end_mask: { int: 15 } };
  const bounds = ['begin', 'end'].map(part => b.int32s(`${name}/${part}`, [0, 0, 0, 0]));
  return [
    { op: 'StridedSlice', more: [...bounds, b.int32s(`${name}/strides`, [1, ...strides, 1])], attributes },
  ];
}
