import type { Augmentation } from '../dataset.js';
import type { PictureSize } from '../picture.js';

/** Pictures of one batch for one worker. */
export interface Job {
  readonly id: number;
  /** Shared memory of the whole batch, a picture of `size.shape` bytes in each slot. */
  readonly pixels: SharedArrayBuffer;
  readonly items: readonly JobItem[];
  readonly size: PictureSize;
  /** Absent: pictures as they are tested. */
  readonly augmentation?: Augmentation;
  /** One shared int32: not 0 once nobody waits for the batch. */
  readonly cancelled: SharedArrayBuffer;
}

export interface JobItem {
  readonly slot: number;
  readonly path: string;
  /** Of the picture in its split. */
  readonly index: number;
}

/** A picture that could not be read, and why. */
export interface Failure {
  readonly slot: number;
  readonly reason: string;
}

/** A worker's answer. */
export interface JobDone {
  readonly id: number;
  readonly failures: readonly Failure[];
}
