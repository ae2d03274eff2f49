import { checkEncoding } from '../backend/checks.js';
import type { BufferSpec, DeviceBuffer } from '../backend/contract.js';
import type { Encoding } from '../backend/quantizer.js';
import { allocPlanes, type Planes } from '../bits/planes.js';
import { type Shape, sizeOf } from '../tensor/shape.js';
import type { Lifetime } from './lifetime.js';

/** Rows and columns of planes of a shape: one row per pixel, k = last axis. */
export function planeSize(shape: Shape): { rows: number; k: number } {
  if (shape.length === 0) throw new RangeError('planes need at least one axis');
  return { rows: sizeOf(shape.slice(0, -1)), k: shape[shape.length - 1] };
}

/** A float tensor or planes in JavaScript memory. Reading it checks the kind and that it is alive. */
export class ReferenceBuffer implements DeviceBuffer {
  private content: Float32Array | Planes | undefined;

  constructor(
    readonly spec: BufferSpec,
    readonly owner: Lifetime,
    content: Float32Array | Planes,
  ) {
    this.content = content;
  }

  get shape(): Shape {
    return this.spec.shape;
  }

  /** Row-major values, not a copy. @throws RangeError on planes */
  get floats(): Float32Array {
    const content = this.alive();
    if (!(content instanceof Float32Array))
      throw new RangeError(`a float buffer is needed, [${this.shape}] holds planes`);
    return content;
  }

  /** Planes [rows, k], not a copy. @throws RangeError on floats */
  get planes(): Planes {
    const content = this.alive();
    if (content instanceof Float32Array)
      throw new RangeError(`planes are needed, [${this.shape}] holds floats`);
    return content;
  }

  /** @throws RangeError on floats */
  get encoding(): Encoding {
    if (this.spec.kind !== 'planes') throw new RangeError(`planes are needed, [${this.shape}] holds floats`);
    return this.spec.encoding;
  }

  dispose(): void {
    this.content = undefined;
  }

  private alive(): Float32Array | Planes {
    this.owner.assertReady();
    if (!this.content) throw new Error('this buffer has been disposed');
    return this.content;
  }
}

/** A buffer full of junk (NaN, set bits), so that an op that forgets part of its output is seen at once. */
export function allocBuffer(spec: BufferSpec, owner: Lifetime): ReferenceBuffer {
  const shape = [...spec.shape];
  if (spec.kind === 'float') {
    return new ReferenceBuffer(
      { kind: 'float', shape },
      owner,
      new Float32Array(sizeOf(shape)).fill(Number.NaN),
    );
  }
  checkEncoding(spec.encoding);
  const { rows, k } = planeSize(shape);
  const planes = allocPlanes(spec.encoding.kind, spec.encoding.bits, rows, k);
  planes.words.fill(0xa5a5a5a5);
  return new ReferenceBuffer({ kind: 'planes', shape, encoding: { ...spec.encoding } }, owner, planes);
}
