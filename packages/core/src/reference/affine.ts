import { expectChannels, expectShape } from '../backend/checks.js';
import type { Activation } from '../backend/op.js';
import { activate } from './activation.js';
import type { ReferenceBuffer } from './buffer.js';
import { scaleAndShift } from './epilogue.js';

/** fl(fl(x * scale[c]) + shift[c]), then the activation. */
export function affine(
  scale: Float32Array,
  shift: Float32Array,
  activation: Activation,
  x: ReferenceBuffer,
  out: ReferenceBuffer,
): void {
  const channels = x.shape[x.shape.length - 1];
  expectShape(out.shape, x.shape, 'the output of affine');
  expectChannels(scale, channels, 'affine scale');
  expectChannels(shift, channels, 'affine shift');
  const to = out.floats;
  to.set(x.floats);
  scaleAndShift(to, scale, shift);
  activate(to, channels, activation);
}
