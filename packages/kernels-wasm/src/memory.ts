const PAGE = 65_536;
const ALIGN = 16;
/** Kernels load whole vectors and so may read this far past the end of a block. */
const SLACK = 16;
/** Growth at least doubles the memory, but never adds more than this beyond what is needed. */
const LARGEST_STEP = 64 * 2 ** 20;
/** A wasm memory holds at most 2^16 pages. */
export const LARGEST_MEMORY = 2 ** 32;

interface Block {
  address: number;
  size: number;
}

type Values = Float32Array | Int32Array | Uint32Array | Uint8Array;

/**
 * Allocator over one wasm memory: first fit, free blocks sorted by address and never adjacent, blocks aligned to
 * 16 bytes. Growth detaches every view, so views from here are for the statement they are made in.
 */
export class WasmMemory {
  private readonly free: Block[] = [];
  private readonly sizes = new Map<number, number>();
  private used = 0;

  /** @param start first address that is free  @param limit bytes the memory may grow to */
  constructor(
    private readonly memory: WebAssembly.Memory,
    start: number,
    private readonly limit: number,
  ) {
    const first = roundUp(start, ALIGN);
    this.free.push({ address: first, size: this.reserved - first });
  }

  /** Bytes of all blocks. */
  get inUse(): number {
    return this.used;
  }

  /** Bytes of the whole memory. */
  get reserved(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * Address of a new, uninitialised block.
   * @throws RangeError when the memory cannot grow enough
   */
  alloc(bytes: number): number {
    const size = roundUp(bytes + SLACK, ALIGN);
    const at = this.firstFit(size);
    const block = this.free[at];
    const { address } = block;
    block.address += size;
    block.size -= size;
    if (block.size === 0) this.free.splice(at, 1);
    this.sizes.set(address, size);
    this.used += size;
    return address;
  }

  release(address: number): void {
    const size = this.sizes.get(address);
    if (size === undefined) throw new Error(`no block starts at address ${address}`);
    this.sizes.delete(address);
    this.used -= size;
    this.insertFree({ address, size });
  }

  /** Bytes that a block takes, padding included. */
  sizeOf(address: number): number {
    return this.sizes.get(address) ?? 0;
  }

  /** A group of blocks that are released together. */
  scope(): Scope {
    return new Scope(this);
  }

  write(address: number, values: Values): void {
    new Uint8Array(this.memory.buffer, address, values.byteLength).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }

  copy(to: number, from: number, bytes: number): void {
    new Uint8Array(this.memory.buffer).copyWithin(to, from, from + bytes);
  }

  /** A view, valid until the next `alloc`. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }

  /** A view, valid until the next `alloc`. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** A view, valid until the next `alloc`. */
  ints(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  /** A view, valid until the next `alloc`. */
  words(address: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, length);
  }

  private firstFit(size: number): number {
    const at = this.free.findIndex(block => block.size >= size);
    if (at >= 0) return at;
    this.grow(size);
    return this.free.length - 1;
  }

  /** Makes the last free block at least `size` long. */
  private grow(size: number): void {
    const end = this.reserved;
    const last = this.free.at(-1);
    const tail = last && last.address + last.size === end ? last.size : 0;
    const least = roundUp(size - tail, PAGE);
    const planned = Math.min(Math.max(least, Math.min(end, LARGEST_STEP)), this.limit - end);
    if (!this.tryGrow(Math.max(planned, least)) && !this.tryGrow(least))
      throw new RangeError(
        `the wasm backend needs ${mebibytes(least)} more memory but cannot have it (${mebibytes(end)} reserved, ` +
          `${mebibytes(this.limit)} allowed); dispose buffers that are no longer needed or use a smaller batch`,
      );
    this.insertFree({ address: end, size: this.reserved - end });
  }

  private tryGrow(bytes: number): boolean {
    if (this.reserved + bytes > this.limit) return false;
    try {
      this.memory.grow(Math.floor(bytes / PAGE));
      return true;
    } catch {
      return false;
    }
  }

  private insertFree(block: Block): void {
    const found = this.free.findIndex(other => other.address > block.address);
    const at = found < 0 ? this.free.length : found;
    const before = this.free[at - 1];
    const after = this.free[at];
    const joinsAfter = after !== undefined && block.address + block.size === after.address;
    if (before !== undefined && before.address + before.size === block.address) {
      before.size += block.size + (joinsAfter ? after.size : 0);
      if (joinsAfter) this.free.splice(at, 1);
    } else if (joinsAfter) {
      after.address = block.address;
      after.size += block.size;
    } else {
      this.free.splice(at, 0, block);
    }
  }
}

/** Blocks with one owner: an operation's scratch memory, or the parts of prepared weights. */
export class Scope {
  private readonly addresses: number[] = [];

  constructor(private readonly memory: WasmMemory) {}

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.addresses.reduce((sum, address) => sum + this.memory.sizeOf(address), 0);
  }

  alloc(bytes: number): number {
    const address = this.memory.alloc(bytes);
    this.addresses.push(address);
    return address;
  }

  /** A block of zero bytes. */
  zeros(bytes: number): number {
    const address = this.alloc(bytes);
    this.memory.bytes(address, bytes).fill(0);
    return address;
  }

  /** A block with a copy of values. */
  put(values: Values): number {
    const address = this.alloc(values.byteLength);
    this.memory.write(address, values);
    return address;
  }

  release(): void {
    for (const address of this.addresses.splice(0)) this.memory.release(address);
  }
}

/** The smallest multiple of `step` that is at least x. */
export function roundUp(x: number, step: number): number {
  return Math.ceil(x / step) * step;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
