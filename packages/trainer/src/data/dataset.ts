import type { InputDescription } from '@apb/core';

/** Class indices of pictures; two bytes each where there are more than 256 classes. */
export type ClassIndices = Uint8Array | Uint16Array;

/** Some pictures as bytes. */
export interface PixelBatch {
  /** Row-major [count, height, width, channels], 0..255. May be written over once the next batch is asked for. */
  readonly pixels: Uint8Array;
  /** [count] indices into `Dataset.classes`. */
  readonly labels: ClassIndices;
  /** Fewer than were asked for where pictures cannot be read. */
  readonly count: number;
}

/** What random variants of training pictures are drawn from, together with a picture's index. */
export interface Augmentation {
  readonly seed: number;
  readonly epoch: number;
}

/** A part of a data set: pictures with their classes, in memory or read as they are needed. */
export interface Split {
  readonly count: number;
  /** [count] indices into `Dataset.classes`. */
  readonly labels: ClassIndices;
  /**
   * Reads the pictures at some indices, a batch for each list of indices and in their order; a batch of which no
   * picture can be read is left out. May read ahead by a few batches.
   * @param augmentation varies each picture as a function of this and its index alone; absent: as they are tested
   */
  read(requests: Iterable<ArrayLike<number>>, augmentation?: Augmentation): AsyncIterable<PixelBatch>;
}

/** A classification data set. */
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
  /** How a test picture is brought to `shape`, for the model file; absent: pictures have it already. */
  readonly resize?: InputDescription['resize'];
  /** What was out of the ordinary since this was last asked, a line each. */
  warnings?(): string[];
  /** Ends what reads pictures; the data set cannot be read afterwards. */
  dispose?(): Promise<void>;
}
