import type { LoadProgress } from '../load/source.js';
import { errorOf } from './failure.js';
import type { Answer, Opened, Ran, Request } from './protocol.js';

interface Waiting {
  resolve(value: Opened | Ran): void;
  reject(error: unknown): void;
  readonly onProgress?: (progress: LoadProgress) => void;
}

type Numbered = Exclude<Request, { kind: 'abort' }>;
/** A request before it has its number; distributes over the union. */
type Unnumbered<R> = R extends Numbered ? Omit<R, 'id'> : never;

/** Requests to a worker and their answers. */
export class Channel {
  private readonly waiting = new Map<number, Waiting>();
  private requests = 0;
  /** Why nothing can be asked any more. */
  private closed: Error | undefined;

  constructor(private readonly worker: Worker) {
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => this.receive(data));
    worker.addEventListener('error', event => this.close(brokenWorker(event.message)));
    worker.addEventListener('messageerror', () => this.close(brokenWorker('an answer cannot be read')));
  }

  /**
   * @param transfer buffers that the worker takes over
   * @param signal rejects at once with its reason and tells the worker to stop
   */
  async ask<Value extends Opened | Ran>(
    request: Unnumbered<Numbered>,
    transfer: Transferable[],
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: Waiting['onProgress'] },
  ): Promise<Value> {
    signal?.throwIfAborted();
    this.assertOpen();
    const id = this.requests++;
    const abort = () => {
      this.waiting.get(id)?.reject(signal?.reason);
      this.worker.postMessage({ kind: 'abort', id } satisfies Request);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<Value>((resolve, reject) => {
        this.waiting.set(id, { resolve: value => resolve(value as Value), reject, onProgress });
        this.worker.postMessage({ ...request, id }, transfer);
      });
    } finally {
      this.waiting.delete(id);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** @throws the reason why it was closed */
  assertOpen(): void {
    if (this.closed) throw this.closed;
  }

  /** Ends the worker; requests in flight and later ones reject. */
  close(reason: Error): void {
    if (this.closed) return;
    this.closed = reason;
    this.worker.terminate();
    for (const { reject } of this.waiting.values()) reject(reason);
  }

  private receive(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    // Answers to requests that were given up still arrive.
    if (!waiting) return;
    if ('progress' in answer) waiting.onProgress?.(answer.progress);
    else if ('value' in answer) waiting.resolve(answer.value);
    else waiting.reject(errorOf(answer.failure));
  }
}

/** A script that does not load gives no message. */
function brokenWorker(message: string | undefined): Error {
  return new Error(
    `the worker of @apb/runtime fails (${message || 'its script, or a module that it imports, does not load'}); ` +
      "see the browser's console and, for bundlers, the README of @apb/runtime",
  );
}
