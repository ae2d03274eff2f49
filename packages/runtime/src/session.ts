import {
  assertFinite,
  createReferenceBackend,
  type InputDescription,
  InputError,
  type KernelBackend,
  type Plan,
  type Tensor,
} from '@apb/core';
import { checkBatch } from './batch.js';
import { loadModel, type OpenFile } from './load/load.js';
import type { LoadOptions, ModelSource } from './load/source.js';
import { supportsAll } from './place.js';
import { planModel } from './planner/plan.js';
import type { ExplainedStep, ProfiledStep, Runner } from './runners/runner.js';
import { stepwiseRunner } from './runners/stepwise.js';
import { canRunWhole, wholeRunner } from './runners/whole.js';
import { type Candidate, type Rejection, type SelectOptions, selectBackend } from './select.js';

export interface SessionOptions extends SelectOptions, LoadOptions {
  /** Backends to choose from, best first; `defaultCandidates()` when absent. */
  readonly candidates?: readonly Candidate[];
}

export interface RunOptions {
  /** Stops between two steps; the run rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a session runs a model, as plain data. */
export interface Explanation {
  readonly backend: string;
  readonly isa: string;
  readonly threads: number;
  /** Backends that were tried before and why they were passed over. */
  readonly rejected: readonly Rejection[];
  /** Memory for all activations of one picture; absent where the network runs step by step. */
  readonly arenaBytes?: number;
  readonly steps: readonly ExplainedStep[];
}

/** A model ready to run. */
export interface Session {
  /** How a picture becomes the input, for `normalise`. */
  readonly input: InputDescription;
  /** Names of the output's values, in order. */
  readonly classes: readonly string[];
  /** Steps by the backend that runs them, e.g. { native: 5, reference: 12 }. */
  readonly opsByBackend: Readonly<Record<string, number>>;
  explain(): Explanation;
  /** How often each step has run and how long it took on average, over all runs of this session. */
  profile(): ProfiledStep[];
  /**
   * Any number of runs may be in flight.
   * @param batch float32 [N, ...input shape], N of at least 1; copied before the promise is returned
   * @returns the network's output, float32 [N, ...]
   * @throws InputError when the batch is empty, has another shape or holds NaN or infinity
   */
  run(batch: Tensor, options?: RunOptions): Promise<Tensor>;
  /** Frees everything; runs in flight and later ones reject. A second call does nothing. */
  dispose(): void;
}

/** Loads a model, picks a backend and prepares the model's weights once. */
export type CreateSession = (source: ModelSource, options?: SessionOptions) => Promise<Session>;

/** `createSession` for a kind of place: which backends it may have, and whether it has files. */
export function sessionFactory(defaultCandidates: () => Candidate[], openFile: OpenFile): CreateSession {
  return async (source, { candidates = defaultCandidates(), ...options } = {}) => {
    const { signal } = options;
    const model = await loadModel(source, options, openFile);
    const plan = planModel(model);
    const { backend, rejected } = await selectBackend(candidates, options);
    try {
      signal?.throwIfAborted();
      const { isa, threads } = backend.capabilities;
      const runner = await bind(plan, backend);
      const { steps, arenaBytes } = runner;
      const explanation = {
        backend: backend.name,
        isa,
        threads,
        rejected,
        ...(arenaBytes !== undefined && { arenaBytes }),
        steps,
      };
      return new ModelSession(runner, model.input, model.classes, explanation);
    } catch (error) {
      backend.dispose();
      throw error;
    }
  };
}

async function bind(plan: Plan, backend: KernelBackend): Promise<Runner> {
  if (canRunWhole(backend) && supportsAll(backend, plan)) return wholeRunner(plan, backend);
  const reference = createReferenceBackend();
  await reference.init();
  return stepwiseRunner(plan, backend, reference);
}

class ModelSession implements Session {
  readonly opsByBackend: Readonly<Record<string, number>>;
  private disposed = false;

  constructor(
    private readonly runner: Runner,
    readonly input: InputDescription,
    readonly classes: readonly string[],
    private readonly explanation: Explanation,
  ) {
    const counts: Record<string, number> = {};
    for (const { backend } of runner.steps) counts[backend] = (counts[backend] ?? 0) + 1;
    this.opsByBackend = counts;
  }

  explain(): Explanation {
    return this.explanation;
  }

  profile(): ProfiledStep[] {
    if (this.disposed) throw new Error('this session has been disposed');
    const times = this.runner.profile();
    return this.runner.steps.map(({ nodes, op, product, isa }, i) => ({
      nodes,
      op,
      ...(product && { product }),
      isa,
      ...times[i],
    }));
  }

  async run(batch: Tensor, { signal }: RunOptions = {}): Promise<Tensor> {
    const check = () => {
      if (this.disposed) throw new Error('this session has been disposed');
      signal?.throwIfAborted();
    };
    check();
    checkBatch(batch, this.input.shape);
    const output = await this.runner.run(batch, check, signal).catch(error => {
      check();
      // Backends look at every value while they copy it; a second look is for the message alone.
      if (error instanceof RangeError) checkFinite(batch);
      throw error;
    });
    check();
    // Sums can leave float32's range even where every weight and pixel is inside.
    assertFinite(output.data, "the network's output");
    return output;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.runner.dispose();
  }
}

function checkFinite({ data }: Tensor): void {
  try {
    assertFinite(data, 'the batch');
  } catch (error) {
    throw new InputError((error as Error).message, { cause: error });
  }
}
