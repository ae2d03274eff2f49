import type { InputDescription, Tensor } from '@apb/core';
import { checkBatch } from '../batch.js';
import { bytesLoader } from '../load/load.js';
import type { LoadOptions, ModelSource } from '../load/source.js';
import type { ProfiledStep } from '../runners/runner.js';
import type { SelectOptions } from '../select.js';
import type { Explanation, RunOptions, Session } from '../session.js';
import { Channel } from './channel.js';
import type { Opened, Ran } from './protocol.js';

export interface WorkerSessionOptions extends Omit<SelectOptions, 'env'>, LoadOptions {
  /** Starts a worker whose script calls `serveSession`; the session ends it. */
  readonly worker?: () => Worker;
}

/**
 * A session in a web worker of its own, so that neither loading nor running holds up the page.
 * @param source as for createSession; a string or URL is relative to the page, bytes are copied
 * @throws what createSession throws; Error where workers are missing or the worker does not start
 */
export async function createWorkerSession(
  source: ModelSource,
  { worker = startWorker, ...options }: WorkerSessionOptions = {},
): Promise<Session> {
  const { signal, onProgress, maxBytes, backend, isa, threads } = options;
  const { sent, transfer } = await sendable(source, options);
  const channel = new Channel(worker());
  try {
    const request = { kind: 'open', source: sent, select: { backend, isa, threads }, maxBytes } as const;
    const opened = await channel.ask<Opened>(request, transfer, { signal, onProgress });
    return new WorkerSession(channel, opened);
  } catch (error) {
    channel.close(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** The source in a form that a message can hold. */
async function sendable(
  source: ModelSource,
  options: LoadOptions,
): Promise<{ sent: ModelSource; transfer: Transferable[] }> {
  // A worker would take a relative address from its own script.
  if (typeof source === 'string' || source instanceof URL)
    return { sent: new URL(source, globalThis.document?.baseURI).href, transfer: [] };
  if (source instanceof Response) {
    const bytes = await bytesLoader(() => undefined)(source, options);
    return { sent: bytes, transfer: [bytes.buffer as ArrayBuffer] };
  }
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const copy = source.slice(0);
    return { sent: copy, transfer: [copy instanceof ArrayBuffer ? copy : copy.buffer] };
  }
  return { sent: source, transfer: [] };
}

function startWorker(): Worker {
  if (typeof Worker === 'undefined')
    throw new Error('there are no web workers here; use createSession of @apb/runtime');
  // In one expression, as bundlers look for it.
  return new Worker(new URL('./entry.js', import.meta.url), { type: 'module', name: 'apb' });
}

class WorkerSession implements Session {
  readonly input: InputDescription;
  readonly classes: readonly string[];
  readonly opsByBackend: Readonly<Record<string, number>>;
  private readonly explanation: Explanation;
  private latest: readonly ProfiledStep[];

  constructor(
    private readonly channel: Channel,
    { input, classes, explanation, opsByBackend, profile }: Opened,
  ) {
    this.input = input;
    this.classes = classes;
    this.explanation = explanation;
    this.opsByBackend = opsByBackend;
    this.latest = profile;
  }

  explain(): Explanation {
    return this.explanation;
  }

  /** As of the last run that has ended. */
  profile(): ProfiledStep[] {
    this.channel.assertOpen();
    return [...this.latest];
  }

  async run({ shape, data }: Tensor, { signal }: RunOptions = {}): Promise<Tensor> {
    this.channel.assertOpen();
    signal?.throwIfAborted();
    checkBatch({ shape, data }, this.input.shape);
    const batch = { shape: [...shape], data: data.slice() };
    const { output, profile } = await this.channel.ask<Ran>({ kind: 'run', batch }, [batch.data.buffer], {
      signal,
    });
    this.latest = profile;
    return output;
  }

  dispose(): void {
    this.channel.close(new Error('this session has been disposed'));
  }
}
