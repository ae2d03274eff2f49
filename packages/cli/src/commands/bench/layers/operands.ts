import {
  type ActivationBits,
  type DeviceBuffer,
  encodingOf,
  type KernelBackend,
  type Quantizer,
  type Tensor,
} from '@apb/core';
import type { Random } from '../../../networks/random.js';
import type { Layout } from './shape.js';

/** Inputs and outputs that are used in turn, so that caches are as in real use. */
export const SETS = 4;

/** Activations packed by one quantizer. */
export interface PackedOperands {
  readonly x: readonly DeviceBuffer[];
  readonly y: readonly DeviceBuffer[];
  /** The packed input between quantizing and convolution. */
  readonly between: DeviceBuffer;
}

/** What layers of one shape read and write on a backend; all of them share it. */
export class Operands {
  /** As numbers, for checks. */
  readonly inputs: readonly Tensor[];
  readonly x: readonly DeviceBuffer[];
  readonly y: readonly DeviceBuffer[];
  private readonly byBits = new Map<ActivationBits, PackedOperands>();
  private readonly buffers: DeviceBuffer[] = [];

  constructor(
    private readonly backend: KernelBackend,
    private readonly layout: Layout,
    random: Random,
  ) {
    const { input, output } = layout;
    const size = input.reduce((a, b) => a * b, 1);
    this.inputs = sets(() => ({ shape: input, data: random.floats(size, -2, 2) }));
    this.x = this.inputs.map(values => this.keep(backend.upload(values)));
    this.y = sets(() => this.keep(backend.alloc({ kind: 'float', shape: output })));
  }

  /** The inputs packed, and room for packed outputs. */
  packed(quantizer: Quantizer): PackedOperands {
    const encoding = encodingOf(quantizer);
    const known = this.byBits.get(encoding.bits);
    if (known) return known;
    const alloc = (shape: readonly number[]) =>
      this.keep(this.backend.alloc({ kind: 'planes', shape, encoding }));
    const made: PackedOperands = {
      x: sets(() => alloc(this.layout.input)),
      y: sets(() => alloc(this.layout.output)),
      between: alloc(this.layout.input),
    };
    for (const [i, out] of made.x.entries())
      this.backend.run({ op: 'quantize', quantizer }, [this.x[i]], out);
    this.byBits.set(encoding.bits, made);
    return made;
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer.dispose();
  }

  private keep(buffer: DeviceBuffer): DeviceBuffer {
    this.buffers.push(buffer);
    return buffer;
  }
}

function sets<T>(make: () => T): T[] {
  return Array.from({ length: SETS }, make);
}
