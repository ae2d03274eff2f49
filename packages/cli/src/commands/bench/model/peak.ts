import { fork } from 'node:child_process';
import type { Shape } from '@apb/core';

/** A network to run in a process of its own. */
export interface PeakJob {
  /** Ours, or a form that a peer runs. */
  readonly kind: 'apb' | 'fp32' | 'qlinear';
  /** A model file, for peers ONNX. */
  readonly file: string;
  readonly inputShape: Shape;
  readonly batch: number;
  readonly threads: number;
  readonly backend?: string;
  readonly isa?: string;
  /** Name of the peer that runs it. */
  readonly peer?: string;
}

export interface Peak {
  /** Largest resident memory. */
  readonly peakBytes: number;
  /** Before anything was loaded: Node itself. */
  readonly nodeBytes: number;
}

/** What the process answers. */
export type PeakResult = Peak | { readonly error: string };

/**
 * Peak resident memory of a network, bytes, with Node and the libraries it needs.
 * @throws Error when the process fails
 */
export async function peakOf(job: PeakJob): Promise<Peak> {
  const child = fork(new URL('./peakProcess.js', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const result = await new Promise<PeakResult>((resolve, reject) => {
    child.once('message', message => resolve(message as PeakResult));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the process that measures memory ended early (${signal ?? code})`)),
    );
    child.send(job);
  });
  if ('error' in result) throw new Error(`measuring memory failed: ${result.error}`);
  return result;
}
