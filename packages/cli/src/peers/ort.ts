import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The parts of onnxruntime-node that are used; it is no dependency of this package. */
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly env: { readonly versions: { readonly node?: string; readonly common?: string } };
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

/**
 * onnxruntime-node from this package's place, else from the folder the command runs in.
 * @throws Error saying how to install it
 */
export async function loadOrt(name = 'onnxruntime-node'): Promise<Ort> {
  const here = createRequire(import.meta.url);
  const there = createRequire(join(process.cwd(), 'package.json'));
  for (const require of [here, there]) {
    let file: string;
    try {
      file = require.resolve(name);
    } catch {
      continue;
    }
    const module = await import(pathToFileURL(file).href);
    return (module.default ?? module) as Ort;
  }
  throw new Error(
    `the peer onnxruntime cannot run: ${name} is not installed; run npm install ${name} in this folder, or leave --peers out`,
  );
}

export function versionOf({ env: { versions } }: Ort): string {
  return versions.node ?? versions.common ?? 'unknown';
}

/** Operators one after the other, each on so many threads. */
export function sessionOptions(threads: number): object {
  return { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' };
}
