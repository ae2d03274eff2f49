import { pixelTable } from '@apb/core';
import type { ClassIndices, Dataset, PixelBatch, Split } from './dataset.js';
import { permutation, randomFor, STREAMS } from './random.js';

/** Some pictures ready for the network. */
export interface Batch {
  /** Normalised, row-major [count, height, width, channels]. */
  readonly images: Float32Array;
  /** [count] class indices. */
  readonly labels: ClassIndices;
  readonly count: number;
}

/** A seeded permutation of 0 .. count - 1, a function of its arguments alone. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  return permutation(count, randomFor(seed, epoch, STREAMS.order));
}

/** What `trainingBatches` gives each epoch: whole batches only, at least one. */
export function stepsPerEpoch(count: number, batchSize: number): number {
  return Math.max(1, Math.floor(count / batchSize));
}

/**
 * One epoch of training batches in seeded order, normalised, augmented on request. A remainder smaller than a
 * batch is left out: another one each epoch, and no batch norm sees a handful of pictures. A split
 * smaller than a batch is one batch. A batch is a function of seed, epoch and its place in the epoch alone.
 */
export async function* trainingBatches(
  { train, mean, std }: Pick<Dataset, 'train' | 'mean' | 'std'>,
  {
    batchSize,
    seed,
    epoch,
    augmented,
  }: { batchSize: number; seed: number; epoch: number; augmented: boolean },
): AsyncGenerator<Batch> {
  const order = epochOrder(train.count, seed, epoch);
  const whole = order.subarray(0, stepsPerEpoch(train.count, batchSize) * batchSize);
  const pictures = train.read(chunks(whole, batchSize), augmented ? { seed, epoch } : undefined);
  yield* normalised(pictures, { mean, std });
}

/** All pictures of a split in order, normalised; the last batch may be smaller. */
export async function* batches(
  split: Split,
  { mean, std }: Pick<Dataset, 'mean' | 'std'>,
  batchSize: number,
): AsyncGenerator<Batch> {
  yield* normalised(pixelBatches(split, batchSize), { mean, std });
}

/** All pictures of a split in order, as bytes; the last batch may be smaller. */
export function pixelBatches(split: Split, batchSize: number): AsyncIterable<PixelBatch> {
  const all = Uint32Array.from({ length: split.count }, (_, i) => i);
  return split.read(chunks(all, batchSize));
}

function* chunks(indices: Uint32Array, size: number): Generator<Uint32Array> {
  for (let at = 0; at < indices.length; at += size) yield indices.subarray(at, at + size);
}

/** Bytes with channels last -> normalised float32 values, by core's `pixelTable`. */
async function* normalised(
  pictures: AsyncIterable<PixelBatch>,
  { mean, std }: Pick<Dataset, 'mean' | 'std'>,
): AsyncGenerator<Batch> {
  const table = pixelTable(mean, std);
  const channels = table.length;
  for await (const { pixels, labels, count } of pictures) {
    const images = new Float32Array(pixels.length);
    for (let i = 0; i < pixels.length; i += channels)
      for (let c = 0; c < channels; c++) images[i + c] = table[c][pixels[i + c]];
    yield { images, labels, count };
  }
}
