/** What `@apb/runtime` is in Node; bundlers for browsers take browser.ts, which exports the same names. */
import { kernels, referenceCandidate, wasmCandidate } from './candidates.js';
import { bytesLoader, type LoadBytes } from './load/load.js';
import { openFile } from './load/nodeFile.js';
import type { Candidate } from './select.js';
import { type CreateSession, sessionFactory } from './session.js';

export * from './common.js';

/**
 * Backends to choose from, best first: native kernels (in Node), WebAssembly, then the reference, which works
 * everywhere. The kernel packages are optional and loaded only when asked for; one that is not installed is passed
 * over with that reason.
 */
export function defaultCandidates(): Candidate[] {
  const native = () => import('@apb/kernels-native');
  return [
    kernels('native', '@apb/kernels-native', 'createNativeBackend', native),
    wasmCandidate(),
    referenceCandidate(),
  ];
}

/**
 * Loads a model from a URL, a file, a response or bytes, picks a backend, plans the model and prepares its weights
 * once. Operations the backend lacks run on the reference backend, as `opsByBackend` and `explain()` tell.
 * @throws InputError when the source cannot be loaded, the model is damaged or no wanted backend works
 */
export const createSession: CreateSession = sessionFactory(defaultCandidates, openFile);

/**
 * The bytes of a model file, for who wants to keep them; `createSession` takes them, too.
 * @throws InputError when they cannot be loaded or are no file
 */
export const loadBytes: LoadBytes = bytesLoader(openFile);
