import { expectShape } from '../backend/checks.js';
import type { Activation } from '../backend/op.js';
import { activate } from './activation.js';
import type { ReferenceBuffer } from './buffer.js';

/** fl(a + b), then the activation. */
export function add(
  activation: Activation,
  a: ReferenceBuffer,
  b: ReferenceBuffer,
  out: ReferenceBuffer,
): void {
  expectShape(b.shape, a.shape, 'the second input of add');
  expectShape(out.shape, a.shape, 'the output of add');
  const x = a.floats;
  const y = b.floats;
  const to = out.floats;
  for (let i = 0; i < to.length; i++) to[i] = x[i] + y[i];
  activate(to, a.shape[a.shape.length - 1], activation);
}
