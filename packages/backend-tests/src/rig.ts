import type { BackendFactory, InitOptions, KernelBackend } from '@apb/core';
import { expectSame } from './compare.js';
import type { Value } from './values.js';

/** Backends of one instruction set, made at first use and kept for all its cases. */
export class Rig {
  readonly #made = new Map<number, Promise<KernelBackend>>();

  constructor(
    private readonly make: BackendFactory,
    readonly isa: string,
    private readonly threads: readonly number[],
  ) {}

  /** A backend of its own for a case that disposes of it; this instruction set unless told otherwise. */
  async fresh(options: InitOptions = {}): Promise<KernelBackend> {
    const backend = this.make();
    await backend.init({ isa: this.isa, ...options });
    return backend;
  }

  /** The shared backend with a thread limit. */
  shared(threads = 1): Promise<KernelBackend> {
    let backend = this.#made.get(threads);
    if (!backend) this.#made.set(threads, (backend = this.fresh({ threads })));
    return backend;
  }

  /** Runs work on one thread, then with every other limit where the backend has threads: the bits must not change. */
  async compareThreads(work: (backend: KernelBackend) => readonly Value[]): Promise<void> {
    const single = await this.shared();
    const expected = work(single);
    for (const limit of this.threads) {
      const several = await this.shared(limit);
      const { threads } = several.capabilities;
      if (threads === single.capabilities.threads) continue;
      work(several).forEach((got, i) => {
        expectSame(got, expected[i], `result ${i} on ${threads} threads against one`);
      });
    }
  }

  async close(): Promise<void> {
    const made = await Promise.allSettled(this.#made.values());
    this.#made.clear();
    for (const backend of made) if (backend.status === 'fulfilled') backend.value.dispose();
  }
}
