import type { Model } from '@apb/core';

/** Where a model comes from. A string is a URL; in Node, one without a scheme is the path of a file. */
export type ModelSource = Model | Uint8Array | ArrayBuffer | Blob | Response | URL | string;

export interface LoadProgress {
  /** Bytes that have arrived. */
  readonly loaded: number;
  /** Bytes of the whole file; absent where the sender does not say. */
  readonly total?: number;
}

export interface LoadOptions {
  /** Called as bytes arrive, at last with all of them. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Stops loading and preparing; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Larger files are refused; 1 GiB by default. */
  readonly maxBytes?: number;
}

/** A file on its way: its name for messages, its size where it is known, and its bytes. */
export interface Incoming {
  readonly name: string;
  readonly total?: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}
