/** Pictures with their classes, in the order of the data set. */
export interface Split {
  /** Row-major [count, height, width, channels], 0..255. */
  readonly images: Uint8Array;
  /** [count] indices into `Dataset.classes`. */
  readonly labels: Uint8Array;
  readonly count: number;
}

/** A classification data set in memory. */
export interface Dataset {
  readonly name: string;
  readonly train: Split;
  readonly test: Split;
  /** Height, width, channels of one picture. */
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly classes: readonly string[];
  /** Per channel, of the training pictures' values / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The first `limit` pictures of a split, sharing its memory; the whole split without a limit.
 */
export function firstOf(split: Split, limit: number | undefined): Split {
  if (limit === undefined || limit >= split.count) return split;
  const size = split.images.length / split.count;
  return {
    images: split.images.subarray(0, limit * size),
    labels: split.labels.subarray(0, limit),
    count: limit,
  };
}
