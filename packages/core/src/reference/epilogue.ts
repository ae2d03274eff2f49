import { expectChannels, expectShape } from '../backend/checks.js';
import type { Epilogue } from '../backend/op.js';
import { activate } from './activation.js';
import type { ReferenceBuffer } from './buffer.js';
import { storePlanes } from './quantize.js';

const f = Math.fround;

/**
 * Scale, shift, residual, activation, quantizer, in this order, each operation rounded to float32.
 * @param products row-major, last axis the output channels; overwritten
 */
export function finish(
  products: Float32Array,
  e: Epilogue,
  residual: ReferenceBuffer | undefined,
  out: ReferenceBuffer,
): void {
  const channels = out.shape[out.shape.length - 1];
  expectChannels(e.scale, channels, 'epilogue scale');
  expectChannels(e.shift, channels, 'epilogue shift');
  scaleAndShift(products, e.scale, e.shift);
  if (residual) {
    expectShape(residual.shape, out.shape, 'the residual');
    const r = residual.floats;
    for (let i = 0; i < products.length; i++) products[i] = f(products[i] + r[i]);
  }
  activate(products, channels, e.activation);
  if (e.quantizer) storePlanes(products, e.quantizer, out);
  else out.floats.set(products);
}

/** x = fl(fl(x * scale[c]) + shift[c]) in place, c the last axis. */
export function scaleAndShift(x: Float32Array, scale: Float32Array, shift: Float32Array): void {
  const channels = scale.length;
  for (let i = 0; i < x.length; i++) {
    const c = i % channels;
    x[i] = f(f(x[i] * scale[c]) + shift[c]);
  }
}
