import { InputError } from '@apb/core';
import type { Augmentation, PixelBatch, Split } from './dataset.js';
import { permutation, randomFor, STREAMS } from './random.js';

/**
 * The pictures of a split at some indices, in their order. A picture keeps the augmentation it has in the split.
 * @param indices each below `split.count`
 */
export function subset(split: Split, indices: Uint32Array): Split {
  return new Subset(split, indices);
}

/** The first `limit` pictures of a split; the whole split without a limit. */
export function firstOf(split: Split, limit: number | undefined): Split {
  if (limit === undefined || limit >= split.count) return split;
  return subset(
    split,
    Uint32Array.from({ length: limit }, (_, i) => i),
  );
}

/**
 * Sets `count` pictures apart, drawn by a seed: to choose settings on, which must not be done on test pictures.
 * Both parts keep the order of the split.
 * @throws InputError when nothing would be left
 */
export function holdOut(split: Split, count: number, seed: number): { kept: Split; held: Split } {
  if (count >= split.count)
    throw new InputError(
      `${count} of ${split.count} training pictures cannot be held out; leave some to train on`,
    );
  const order = permutation(split.count, randomFor(seed, STREAMS.holdOut));
  return {
    held: subset(split, order.slice(0, count).sort()),
    kept: subset(split, order.slice(count).sort()),
  };
}

class Subset implements Split {
  readonly count: number;
  readonly labels: Split['labels'];

  constructor(
    private readonly whole: Split,
    private readonly indices: Uint32Array,
  ) {
    this.count = indices.length;
    // Not by `slice`, which shares memory where labels are part of a Buffer.
    const own = whole.labels instanceof Uint16Array ? Uint16Array : Uint8Array;
    this.labels = new own(indices.length);
    indices.forEach((at, i) => {
      this.labels[i] = whole.labels[at];
    });
  }

  read(requests: Iterable<ArrayLike<number>>, augmentation?: Augmentation): AsyncIterable<PixelBatch> {
    return this.whole.read(this.inWhole(requests), augmentation);
  }

  private *inWhole(requests: Iterable<ArrayLike<number>>): Generator<Uint32Array> {
    for (const request of requests)
      yield Uint32Array.from({ length: request.length }, (_, i) => this.indices[request[i]]);
  }
}
