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
  switch (activation.kind) {
    case 'none':
      return undefined;
    case 'relu':
      return (to, from, rows) => kernels.clamp(to, from, rows * channels, 0, Number.POSITIVE_INFINITY);
    case 'clamp':
      return (to, from, rows) => kernels.clamp(to, from, rows * channels, activation.min, activation.max);
    case 'prelu': {
      const slopes = scratch.put(activation.slopes);
      return (to, from, rows) => kernels.prelu(to, from, rows, channels, slopes);
    }
  }
}
