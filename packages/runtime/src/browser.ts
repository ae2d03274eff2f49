/** What `@apb/runtime` is in browsers: nothing here leads to one of Node's modules or to native kernels. */
import { referenceCandidate, wasmCandidate } from './candidates.js';
import { bytesLoader, type LoadBytes } from './load/load.js';
import type { Candidate } from './select.js';
import { type CreateSession, sessionFactory } from './session.js';

export * from './common.js';

export function defaultCandidates(): Candidate[] {
  return [wasmCandidate(), referenceCandidate()];
}

export const createSession: CreateSession = sessionFactory(defaultCandidates, noFiles);
export const loadBytes: LoadBytes = bytesLoader(noFiles);

/** A string is always an address here. */
function noFiles(): undefined {}
