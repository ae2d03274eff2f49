/** The parts of onnxruntime-node and onnxruntime-web that are used; they are no dependencies of this package. */
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly env: {
    readonly versions: { readonly node?: string; readonly web?: string; readonly common?: string };
    /** Of onnxruntime-web. */
    readonly wasm?: { numThreads?: number };
  };
}
export interface OrtTensor {
  readonly data: Float32Array | Uint8Array;
  readonly dims: readonly number[];
}
export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @param fetches outputs to write into; made anew where left out */
  run(
    feeds: Record<string, OrtTensor>,
    fetches?: Record<string, OrtTensor>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

export function versionOf({ env: { versions } }: Ort): string {
  return versions.node ?? versions.web ?? versions.common ?? 'unknown';
}

/** Operators one after the other, each on so many threads. */
export function sessionOptions(threads: number): object {
  return { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' };
}
