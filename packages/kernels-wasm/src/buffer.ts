import {
  type BufferSpec,
  checkEncoding,
  type DeviceBuffer,
  type Encoding,
  type Shape,
  sizeOf,
  wordsPerRow,
} from '@apb/core';
import type { Device } from './device.js';

/** A float tensor, or planes in the canonical layout, in wasm memory. Reading it checks kind and life. */
export class WasmBuffer implements DeviceBuffer {
  readonly spec: BufferSpec;
  /** Product of the leading axes. */
  readonly rows: number;
  /** Last axis. */
  readonly k: number;
  private address: number | undefined;

  /** @throws RangeError on a shape or encoding that is wrong, or when memory is short */
  constructor(
    readonly device: Device,
    spec: BufferSpec,
  ) {
    this.spec = copySpec(spec);
    const { shape } = spec;
    const size = sizeOf(shape);
    if (spec.kind === 'planes' && shape.length === 0) throw new RangeError('planes need at least one axis');
    this.k = shape.length === 0 ? 1 : shape[shape.length - 1];
    this.rows = sizeOf(shape.slice(0, -1));
    this.address = device.memory.alloc(spec.kind === 'float' ? 4 * size : this.planes * this.planeBytes);
  }

  get shape(): Shape {
    return this.spec.shape;
  }

  /** Where the row-major float32 values start. @throws RangeError on planes */
  get floats(): number {
    if (this.spec.kind !== 'float')
      throw new RangeError(`a float buffer is needed, [${this.shape}] holds planes`);
    return this.start();
  }

  /** Where plane 0 of row 0 starts. @throws RangeError on floats */
  get bits(): number {
    return this.encoding && this.start();
  }

  /** @throws RangeError on floats */
  get encoding(): Encoding {
    if (this.spec.kind !== 'planes') throw new RangeError(`planes are needed, [${this.shape}] holds floats`);
    return this.spec.encoding;
  }

  get planes(): number {
    return this.encoding.bits;
  }

  /** Bytes of one plane of one row. */
  get rowBytes(): number {
    return 4 * wordsPerRow(this.k);
  }

  /** Bytes of one plane of all rows. */
  get planeBytes(): number {
    return this.rows * this.rowBytes;
  }

  get elements(): number {
    return this.rows * this.k;
  }

  dispose(): void {
    const { address } = this;
    this.address = undefined;
    if (address !== undefined && !this.device.closed) this.device.memory.release(address);
  }

  /** @throws Error after dispose */
  assertAlive(): void {
    this.start();
  }

  private start(): number {
    if (this.address === undefined) throw new Error('this buffer has been disposed');
    return this.address;
  }
}

function copySpec(spec: BufferSpec): BufferSpec {
  const shape = [...spec.shape];
  if (spec.kind === 'float') return { kind: 'float', shape };
  checkEncoding(spec.encoding);
  return { kind: 'planes', shape, encoding: { ...spec.encoding } };
}
