import {
  type BackendFactory,
  type Capabilities,
  CONTRACT_VERSION,
  InputError,
  isUnusable,
  type KernelBackend,
} from '@apb/core';

/** A kernel backend that may or may not be there; nothing is loaded before it is needed. */
export interface Candidate {
  readonly name: string;
  /** npm package to name in messages; `name` when absent. */
  readonly package?: string;
  /** @throws an error that says why the package cannot be loaded */
  load(): Promise<BackendFactory>;
}

/** Why a candidate was passed over, and what would help. */
export interface Rejection {
  readonly name: string;
  readonly reason: string;
}

export interface SelectOptions {
  /** Only this candidate; APB_BACKEND when absent. */
  readonly backend?: string;
  /** Only this instruction set; APB_ISA when absent. */
  readonly isa?: string;
  /** Upper limit; APB_THREADS when absent. */
  readonly threads?: number;
  /** Where APB_* are looked up; process.env in Node, nothing in a browser. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Selection {
  /** Initialised; the caller disposes of it. */
  readonly backend: KernelBackend;
  /** Candidates tried before it. */
  readonly rejected: readonly Rejection[];
}

/** What `probeBackends` found out about one candidate. */
export interface ProbeReport {
  readonly name: string;
  readonly usable: boolean;
  /** Usable instruction sets, best first. */
  readonly isas: readonly string[];
  /** Why it is not usable and what would help; empty when it is. */
  readonly reason: string;
}

/**
 * The first candidate that works here, initialised.
 * @throws InputError when none does or the wanted one does not, with every candidate's reason
 */
export async function selectBackend(
  candidates: readonly Candidate[],
  options: SelectOptions = {},
): Promise<Selection> {
  const { backend: wanted, isa, threads } = withEnvironment(options);
  const chosen = wanted === undefined ? candidates : candidates.filter(c => c.name === wanted);
  if (chosen.length === 0)
    throw new InputError(
      `there is no kernel backend ${wanted ?? ''}; choose one of ${candidates.map(c => c.name).join(', ')}`,
    );
  const rejected: Rejection[] = [];
  for (const candidate of chosen) {
    try {
      return { backend: await start(candidate, isa, threads), rejected };
    } catch (error) {
      rejected.push({ name: candidate.name, reason: messageOf(error) });
    }
  }
  const reasons = rejected.map(r => `${r.name}: ${r.reason}`).join('; ');
  throw new InputError(
    wanted === undefined ? `no kernel backend works here: ${reasons}` : `the backend ${reasons}`,
  );
}

/** Looks at every candidate without keeping any, for reports such as `apb doctor`. */
export async function probeBackends(candidates: readonly Candidate[]): Promise<ProbeReport[]> {
  const reports: ProbeReport[] = [];
  for (const candidate of candidates) {
    const { name } = candidate;
    try {
      const { backend, capabilities } = await examine(candidate);
      backend.dispose();
      reports.push({ name, usable: true, isas: capabilities.isas, reason: '' });
    } catch (error) {
      reports.push({ name, usable: false, isas: [], reason: messageOf(error) });
    }
  }
  return reports;
}

async function start(
  candidate: Candidate,
  isa: string | undefined,
  threads: number | undefined,
): Promise<KernelBackend> {
  const { backend, capabilities } = await examine(candidate);
  try {
    if (isa !== undefined && !capabilities.isas.includes(isa))
      throw new Error(`it has no instruction set ${isa} here, only ${capabilities.isas.join(', ')}`);
    await backend.init({ isa, threads });
    return backend;
  } catch (error) {
    backend.dispose();
    throw error;
  }
}

/** Loads, compares versions and probes. @throws an error whose message is the reason for passing over */
async function examine(
  candidate: Candidate,
): Promise<{ backend: KernelBackend; capabilities: Capabilities }> {
  const backend = (await candidate.load())();
  try {
    const theirs = backend.contractVersion;
    if (theirs !== CONTRACT_VERSION) {
      const name = candidate.package ?? candidate.name;
      throw new Error(
        `${name} implements version ${theirs} of the kernel contract and @apb/runtime needs version ${CONTRACT_VERSION}; install versions of ${name} and @apb/runtime that were released together`,
      );
    }
    const capabilities = await backend.probe();
    if (isUnusable(capabilities)) throw new Error(`${capabilities.unusable} ${capabilities.fix}`);
    return { backend, capabilities };
  } catch (error) {
    backend.dispose();
    throw error;
  }
}

function withEnvironment({ backend, isa, threads, env }: SelectOptions): Omit<SelectOptions, 'env'> {
  const variables = env ?? globalThis.process?.env ?? {};
  const count = threads ?? (variables.APB_THREADS ? Number(variables.APB_THREADS) : undefined);
  if (count !== undefined && !(Number.isInteger(count) && count >= 1)) {
    const source = threads === undefined ? `APB_THREADS=${variables.APB_THREADS}` : `threads ${threads}`;
    throw new InputError(`${source} is not a number of threads; give a whole number of at least 1`);
  }
  // An empty variable is as good as none.
  return {
    backend: backend ?? (variables.APB_BACKEND || undefined),
    isa: isa ?? (variables.APB_ISA || undefined),
    threads: count,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
