import type { Kernels } from './kernels.js';
import type { Isa } from './load.js';
import type { WasmMemory } from './memory.js';

interface Parts {
  readonly kernels: Kernels;
  readonly memory: WasmMemory;
}

/** An instance of the kernels with its memory, until it is closed. Buffers and weights hold on to it. */
export class Device {
  /** What kernels.ts says of the constants of the same names. */
  readonly lanes: number;
  readonly cellChannels: number;
  readonly cellBytes: number;
  readonly weightBytes: number;
  readonly digitBits: number;
  readonly headerBytes: number;
  readonly rowGrain: number;
  readonly floatPanel: number;
  private parts: Parts | undefined;

  constructor(
    readonly isa: Isa,
    parts: Parts,
  ) {
    this.parts = parts;
    const { kernels } = parts;
    this.lanes = kernels.LANES.value;
    this.cellChannels = kernels.CELL_CHANNELS.value;
    this.cellBytes = kernels.CELL_BYTES.value;
    this.weightBytes = kernels.WEIGHT_BYTES.value;
    this.digitBits = kernels.DIGIT_BITS.value;
    this.headerBytes = kernels.HEADER_BYTES.value;
    this.rowGrain = kernels.ROW_GRAIN.value;
    this.floatPanel = kernels.FLOAT_PANEL.value;
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
