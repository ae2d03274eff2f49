import type { Kernels } from './kernels.js';
import type { Isa } from './load.js';
import type { WasmMemory } from './memory.js';

interface Parts {
  readonly kernels: Kernels;
  readonly memory: WasmMemory;
}

/** An instance of the kernels with its memory, until it is closed. Buffers and weights hold on to it. */
export class Device {
  /** float32 lanes, bytes of packed rows worked on at once, weight rows of a panel. */
  readonly lanes: number;
  readonly bitBytes: number;
  readonly bitPanel: number;
  readonly floatPanel: number;
  private parts: Parts | undefined;

  constructor(
    readonly isa: Isa,
    parts: Parts,
  ) {
    this.parts = parts;
    this.lanes = parts.kernels.LANES.value;
    this.bitBytes = parts.kernels.BIT_BYTES.value;
    this.bitPanel = parts.kernels.BIT_PANEL.value;
    this.floatPanel = parts.kernels.FLOAT_PANEL.value;
  }

  get closed(): boolean {
    return this.parts === undefined;
  }

  /** @throws Error after close */
  get kernels(): Kernels {
    return this.open().kernels;
  }

  /** @throws Error after close */
  get memory(): WasmMemory {
    return this.open().memory;
  }

  /** Lets go of the memory, even while buffers still refer to this device. */
  close(): void {
    this.parts = undefined;
  }

  /** Runs `work` with scratch memory that is released whatever happens. */
  withScratch<T>(work: (scratch: ReturnType<WasmMemory['scope']>) => T): T {
    const scratch = this.memory.scope();
    try {
      return work(scratch);
    } finally {
      scratch.release();
    }
  }

  private open(): Parts {
    if (!this.parts) throw new Error('this wasm backend has been disposed');
    return this.parts;
  }
}
