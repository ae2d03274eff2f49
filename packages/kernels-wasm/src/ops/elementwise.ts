import { type Activation, expectChannels, expectShape } from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { activator } from './activate.js';

/** The activation alone. */
export function activate(device: Device, activation: Activation, x: WasmBuffer, out: WasmBuffer): void {
  expectShape(out.shape, x.shape, 'the output of activate');
  device.withScratch(scratch => {
    const apply = activator(device, scratch, activation, x.k);
    if (apply) apply(out.floats, x.floats, x.rows);
    else device.memory.copy(out.floats, x.floats, 4 * x.elements);
  });
}

/** fl(a + b), then the activation. */
export function add(
  device: Device,
  activation: Activation,
  a: WasmBuffer,
  b: WasmBuffer,
  out: WasmBuffer,
): void {
  expectShape(b.shape, a.shape, 'the second input of add');
  expectShape(out.shape, a.shape, 'the output of add');
  device.withScratch(scratch => {
    const apply = activator(device, scratch, activation, a.k);
    device.kernels.add(out.floats, a.floats, b.floats, a.elements);
    apply?.(out.floats, out.floats, a.rows);
  });
}

/** fl(fl(x * scale[c]) + shift[c]), then the activation. */
export function affine(
  device: Device,
  { scale, shift, activation }: { scale: Float32Array; shift: Float32Array; activation: Activation },
  x: WasmBuffer,
  out: WasmBuffer,
): void {
  expectShape(out.shape, x.shape, 'the output of affine');
  expectChannels(scale, x.k, 'affine scale');
  expectChannels(shift, x.k, 'affine shift');
  device.withScratch(scratch => {
    const apply = activator(device, scratch, activation, x.k);
    const stride = 4 * x.k;
    device.kernels.affine(
      out.floats,
      stride,
      x.floats,
      stride,
      x.rows,
      x.k,
      scratch.put(scale),
      scratch.put(shift),
    );
    apply?.(out.floats, out.floats, x.rows);
  });
}
