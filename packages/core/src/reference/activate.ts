import { expectShape } from '../backend/checks.js';
import type { Activation } from '../backend/op.js';
import { activate } from './activation.js';
import type { ReferenceBuffer } from './buffer.js';

/** The activation alone. */
export function activateOp(activation: Activation, x: ReferenceBuffer, out: ReferenceBuffer): void {
  expectShape(out.shape, x.shape, 'the output of activate');
  const to = out.floats;
  to.set(x.floats);
  activate(to, x.shape[x.shape.length - 1], activation);
}
