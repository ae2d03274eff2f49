import { InputError } from '@apb/core';
import type { Augmentation, ClassIndices, PixelBatch, Split } from '../dataset.js';
import type { PictureSize } from '../picture.js';
import type { Failure } from './job.js';
import type { PictureList } from './listing.js';
import type { Pool } from './pool.js';
import { printable, type Unreadable } from './unreadable.js';

/**
 * Batches that are decoded while one is used: with it, three lie in memory, whatever the number of pictures. A step
 * holds the thread, so the workers need the next two to have something to do.
 */
const AHEAD = 2;

interface Decoded {
  readonly indices: ArrayLike<number>;
  readonly pixels: SharedArrayBuffer;
  readonly failures: readonly Failure[];
}

export interface FolderSplitOptions {
  readonly size: PictureSize;
  /** Whether a picture that cannot be read is an error; else it is noted and left out. */
  readonly strict: boolean;
}

/** Pictures in files, decoded by a pool of workers as they are needed. */
export class FolderSplit implements Split {
  readonly count: number;
  readonly labels: ClassIndices;

  constructor(
    private readonly list: PictureList,
    private readonly pool: Pool,
    private readonly unreadable: Unreadable,
    private readonly options: FolderSplitOptions,
  ) {
    this.count = list.count;
    this.labels = list.labels;
  }

  async *read(
    requests: Iterable<ArrayLike<number>>,
    augmentation?: Augmentation,
  ): AsyncGenerator<PixelBatch> {
    const cancelled = new SharedArrayBuffer(4);
    const coming: Promise<Decoded>[] = [];
    const free: SharedArrayBuffer[] = [];
    const left = requests[Symbol.iterator]();
    const readAhead = () => {
      while (coming.length < AHEAD) {
        const { value: indices, done } = left.next();
        if (done) return;
        const bytes = indices.length * this.pictureBytes;
        const at = free.findIndex(memory => memory.byteLength >= bytes);
        const pixels = at < 0 ? new SharedArrayBuffer(bytes) : free.splice(at, 1)[0];
        const decoded = this.decode(indices, { pixels, cancelled, augmentation });
        // Who waits for it learns of a failure; until then it is not unhandled.
        decoded.catch(() => {});
        coming.push(decoded);
      }
    };
    try {
      for (;;) {
        readAhead();
        const next = coming.shift();
        if (!next) return;
        const decoded = await next;
        readAhead();
        const batch = this.batchOf(decoded);
        if (batch.count > 0) yield batch;
        free.push(decoded.pixels);
      }
    } finally {
      Atomics.store(new Int32Array(cancelled), 0, 1);
    }
  }

  private get pictureBytes(): number {
    return this.options.size.shape.reduce((a, b) => a * b, 1);
  }

  private async decode(
    indices: ArrayLike<number>,
    batch: { pixels: SharedArrayBuffer; cancelled: SharedArrayBuffer; augmentation?: Augmentation },
  ): Promise<Decoded> {
    const items = Array.from(indices, (index, slot) => ({ slot, index, path: this.list.pathOf(index) }));
    const failures = await this.pool.run({ ...batch, size: this.options.size }, items);
    return { indices, pixels: batch.pixels, failures };
  }

  /** The pictures that were read, moved together. */
  private batchOf({ indices, pixels, failures }: Decoded): PixelBatch {
    const size = this.pictureBytes;
    const bytes = new Uint8Array(pixels, 0, indices.length * size);
    const labels = this.labels.slice(0, indices.length);
    const reasons = new Map(failures.map(({ slot, reason }) => [slot, reason]));
    let count = 0;
    for (let slot = 0; slot < indices.length; slot++) {
      const reason = reasons.get(slot);
      if (reason !== undefined) {
        this.refuse(indices[slot], reason);
        continue;
      }
      if (slot > count) bytes.copyWithin(count * size, slot * size, (slot + 1) * size);
      labels[count++] = this.labels[indices[slot]];
    }
    return { pixels: bytes.subarray(0, count * size), labels: labels.subarray(0, count), count };
  }

  private refuse(index: number, reason: string): void {
    const path = this.list.pathOf(index);
    if (this.options.strict)
      throw new InputError(
        `${printable(path)} cannot be read as a picture (${printable(reason)}); repair or remove it, or leave strict out to skip it`,
      );
    this.unreadable.note(path, reason);
  }
}
