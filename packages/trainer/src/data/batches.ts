import { pixelTable } from '@apb/core';
import { augment } from './augment.js';
import type { Dataset, Split } from './dataset.js';
import { below, randomFor } from './random.js';

/** What a random stream is for: separate streams, so that augmentation leaves the order as it is. */
const ORDER = 1;
const AUGMENT = 2;

/** Some pictures ready for the network. */
export interface Batch {
  /** Normalised, row-major [count, height, width, channels]. */
  readonly images: Float32Array;
  /** [count] class indices. */
  readonly labels: Uint8Array;
  readonly count: number;
}

/** A seeded permutation of 0 .. count - 1 (Fisher-Yates), a function of its arguments alone. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const random = randomFor(seed, epoch, ORDER);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1, random);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** What `trainingBatches` gives each epoch: whole batches only, at least one. */
export function stepsPerEpoch(count: number, batchSize: number): number {
  return Math.max(1, Math.floor(count / batchSize));
}

/**
 * One epoch of training batches in seeded order, normalised, augmented on request. A remainder smaller than a
 * batch is left out: another one each epoch, and no batch norm sees a handful of pictures. A split
 * smaller than a batch is one batch.
 */
export function* trainingBatches(
  dataset: Dataset,
  {
    batchSize,
    seed,
    epoch,
    augmented,
  }: { batchSize: number; seed: number; epoch: number; augmented: boolean },
): Generator<Batch> {
  const { train, shape } = dataset;
  const table = pixelTable(dataset.mean, dataset.std);
  const order = epochOrder(train.count, seed, epoch);
  const random = randomFor(seed, epoch, AUGMENT);
  const size = train.images.length / train.count;
  const scratch = new Uint8Array(size);
  for (let step = 0; step < stepsPerEpoch(train.count, batchSize); step++) {
    const chosen = order.subarray(step * batchSize, (step + 1) * batchSize);
    const images = new Float32Array(chosen.length * size);
    chosen.forEach((at, i) => {
      let picture = train.images.subarray(at * size, (at + 1) * size);
      if (augmented) {
        augment(picture, shape, random, scratch);
        picture = scratch;
      }
      normalise(picture, table, images.subarray(i * size, (i + 1) * size));
    });
    yield { images, labels: Uint8Array.from(chosen, at => train.labels[at]), count: chosen.length };
  }
}

/** All pictures of a split in order, normalised; the last batch may be smaller. */
export function* batches(
  { images, labels, count }: Split,
  { mean, std }: Pick<Dataset, 'mean' | 'std'>,
  batchSize: number,
): Generator<Batch> {
  const table = pixelTable(mean, std);
  const size = images.length / count;
  for (let from = 0; from < count; from += batchSize) {
    const to = Math.min(count, from + batchSize);
    const values = new Float32Array((to - from) * size);
    normalise(images.subarray(from * size, to * size), table, values);
    yield { images: values, labels: labels.subarray(from, to), count: to - from };
  }
}

/** Bytes with channels last -> normalised float32 values, by core's `pixelTable`. */
function normalise(bytes: Uint8Array, table: readonly Float32Array[], out: Float32Array): void {
  const channels = table.length;
  for (let i = 0; i < bytes.length; i += channels)
    for (let c = 0; c < channels; c++) out[i + c] = table[c][bytes[i + c]];
}
