import { isUnusable, type KernelBackend } from '@apb/core';
import { type Candidate, createSession, defaultCandidates, type Session } from '../src/index.js';

type Source = Parameters<typeof createSession>[0];

const native = defaultCandidates().find(({ name }) => name === 'native') as Candidate;

/** Instruction sets of the native kernels here, best first; none where they are not built. */
export async function nativeIsas(): Promise<readonly string[]> {
  const backend = (await native.load())();
  const found = await backend.probe();
  backend.dispose();
  return isUnusable(found) ? [] : found.isas;
}

/** A session on the native kernels that runs the network in one call. */
export function wholeSession(model: Source, isa: string, threads: number): Promise<Session> {
  return createSession(model, { candidates: [native], isa, threads, env: {} });
}

/** The same kernels, called step by step. */
export function stepwiseSession(model: Source, isa: string): Promise<Session> {
  const load = async () => {
    const make = await native.load();
    return () => withoutCompile(make());
  };
  return createSession(model, { candidates: [{ ...native, load }], isa, threads: 1, env: {} });
}

function withoutCompile(backend: KernelBackend): KernelBackend {
  return new Proxy(backend, {
    get(target, key) {
      const value = key === 'compile' ? undefined : Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
