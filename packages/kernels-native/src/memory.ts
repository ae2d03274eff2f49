import type { BufferSpec, ConvGeometry, DeviceBuffer, PreparedWeights, Product } from '@apb/core';
import type { Addon, Block, Instance } from './addon.js';

/** The native side of one initialised backend. */
export interface Session {
  readonly addon: Addon;
  readonly instance: Instance;
}

/** Native memory with an end. The garbage collector frees what nobody disposed of. */
export class Holder {
  private block: Block | undefined;

  constructor(
    private readonly session: Session,
    private readonly what: string,
    block: Block,
  ) {
    this.block = block;
  }

  /** @throws Error after dispose, or when the memory is another backend's */
  use(session: Session): Block {
    if (session !== this.session)
      throw new Error(`${this.what} made by another backend cannot be used here; bring the data over`);
    if (!this.block) throw new Error(`${this.what} already disposed cannot be used`);
    return this.block;
  }

  release(): void {
    if (this.block) this.session.addon.release(this.block);
    this.block = undefined;
  }
}

export class NativeBuffer implements DeviceBuffer {
  readonly memory: Holder;

  constructor(
    session: Session,
    readonly spec: BufferSpec,
    block: Block,
  ) {
    this.memory = new Holder(session, 'a buffer', block);
  }

  dispose(): void {
    this.memory.release();
  }
}

export class NativeWeights implements PreparedWeights {
  readonly memory: Holder;
  readonly bytes: number;

  constructor(
    session: Session,
    readonly product: Product,
    readonly rows: number,
    readonly k: number,
    readonly geometry: ConvGeometry | undefined,
    block: Block,
  ) {
    this.memory = new Holder(session, 'prepared weights', block);
    this.bytes = session.addon.bytes(block);
  }

  dispose(): void {
    this.memory.release();
  }
}
