import type { Dataset } from './dataset.js';

/** A file of the cache: the exact bytes that its pinned checksum covers. */
export interface Part {
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface SplitParts {
  /** Pictures in order, one file after the other. */
  readonly images: readonly Part[];
  readonly labels: Part;
}

/** Told how far a fetch is; `label` says what is counted: bytes downloaded or files decoded. */
export type FetchProgress = (label: string, done: number, total: number) => void;

/** What a source works with while it obtains a data set. */
export interface FetchContext {
  /** An empty folder that is removed afterwards. */
  readonly scratch: string;
  readonly onProgress: FetchProgress;
  readonly signal?: AbortSignal;
}

/** All that is known about a data set beforehand, and how to obtain it. */
export interface DatasetSpec extends Pick<Dataset, 'name' | 'shape' | 'classes' | 'mean' | 'std'> {
  readonly train: SplitParts;
  readonly test: SplitParts;
  /** Files in the IDX format; else bare pixels and labels. */
  readonly idx: boolean;
  /** What to do where `obtain` fails, completing "…; ". */
  readonly remedy: string;
  /** Yields each part once, decoded, in any order. The caller checks every byte. */
  obtain(context: FetchContext): AsyncIterable<{ file: string; bytes: Uint8Array }>;
}

/** All files of a data set. */
export function partsOf({ train, test }: DatasetSpec): Part[] {
  return [...train.images, train.labels, ...test.images, test.labels];
}
