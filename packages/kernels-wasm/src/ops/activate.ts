import { type Activation, checkActivation } from '@apb/core';
import type { Device } from '../device.js';
import type { Scope } from '../memory.js';

/** Activates contiguous [rows, channels] floats; `to` may be `from`. Undefined where there is nothing to do. */
export type Activate = (to: number, from: number, rows: number) => void;

/** @throws RangeError naming what is wrong with the activation */
export function activator(
  { kernels }: Device,
  scratch: Scope,
  activation: Activation,
  channels: number,
): Activate | undefined {
  checkActivation(activation, channels);
  if (activation.kind === 'none') return undefined;
  if (activation.kind === 'prelu') {
    const slopes = scratch.put(activation.slopes);
    return (to, from, rows) => kernels.prelu(to, from, rows, channels, slopes);
  }
  const { low, high } = bounds(activation);
  return (to, from, rows) => kernels.clamp(to, from, rows * channels, low, high);
}

/** Activations that raise what is low and lower what is high. */
export type Clamp = Extract<Activation, { kind: 'relu' | 'clamp' }>;

export function bounds(activation: Clamp): { low: number; high: number } {
  return activation.kind === 'relu'
    ? { low: 0, high: Number.POSITIVE_INFINITY }
    : { low: activation.min, high: activation.max };
}
