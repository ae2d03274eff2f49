import { createSession, defaultCandidates } from '../browser.js';
import type { Candidate } from '../select.js';
import type { Session } from '../session.js';
import { failureOf } from './failure.js';
import type { Answer, Opened, OpenRequest, Ran, Request } from './protocol.js';

/** What this module needs of a worker's global scope. */
interface Scope {
  postMessage(message: Answer, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { data: Request }) => void): void;
}

/**
 * Answers `createWorkerSession` from inside a worker. A worker script of your own calls this once, to choose from
 * backends of your own or because your bundler wants to see the script.
 */
export function serveSession({
  candidates = defaultCandidates(),
}: {
  candidates?: readonly Candidate[];
} = {}): void {
  const scope = globalThis as unknown as Scope;
  const running = new Map<number, AbortController>();
  let session: Promise<Session> | undefined;

  const open = async (id: number, { source, select, maxBytes }: OpenRequest): Promise<Opened> => {
    const onProgress = (progress: { loaded: number; total?: number }) =>
      scope.postMessage({ id, progress }, []);
    session = createSession(source, { ...select, maxBytes, candidates, onProgress });
    const ready = await session;
    const { input, classes, opsByBackend } = ready;
    return { input, classes, opsByBackend, explanation: ready.explain(), profile: ready.profile() };
  };

  const run = async (
    batch: Extract<Request, { kind: 'run' }>['batch'],
    signal: AbortSignal,
  ): Promise<Ran> => {
    if (!session) throw new Error('the worker was asked to run before it has a model');
    const ready = await session;
    const output = await ready.run(batch, { signal });
    return { output, profile: ready.profile() };
  };

  scope.addEventListener('message', async ({ data: request }) => {
    const { id } = request;
    if (request.kind === 'abort') return running.get(id)?.abort();
    const abort = new AbortController();
    running.set(id, abort);
    try {
      const value = await (request.kind === 'open' ? open(id, request) : run(request.batch, abort.signal));
      scope.postMessage({ id, value }, 'output' in value ? [value.output.data.buffer] : []);
    } catch (error) {
      scope.postMessage({ id, failure: failureOf(error) }, []);
    } finally {
      running.delete(id);
    }
  });
}
