import { InputError, type KernelBackend, type Plan, type Program, type Tensor } from '@apb/core';
import { type ExplainedStep, explainStep, type Runner } from './runner.js';

type WholeBackend = KernelBackend & Required<Pick<KernelBackend, 'compile'>>;

export function canRunWhole(backend: KernelBackend): backend is WholeBackend {
  return backend.compile !== undefined;
}

/**
 * The backend runs the whole plan in one call, off the event loop.
 * @throws InputError naming the parameter whose weights the backend refuses
 */
export function wholeRunner(plan: Plan, backend: WholeBackend): Runner {
  const program = compile(plan, backend);
  const steps = plan.steps.map(step =>
    explainStep(
      plan,
      step,
      backend,
      step.weights === undefined ? undefined : program.weightBytes[step.weights],
    ),
  );
  return new WholeRunner(backend, program, steps);
}

function compile(plan: Plan, backend: WholeBackend): Program {
  try {
    return backend.compile(plan);
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(error.message, { cause: error });
    throw error;
  }
}

/** A class, not closures over the plan: nothing keeps the plan's weights once they are compiled. */
class WholeRunner implements Runner {
  readonly arenaBytes: number;

  constructor(
    private readonly backend: KernelBackend,
    private readonly program: Program,
    readonly steps: readonly ExplainedStep[],
  ) {
    this.arenaBytes = program.arenaBytes(1);
  }

  async run(batch: Tensor, _check: () => void, signal?: AbortSignal): Promise<Tensor> {
    const [output] = await this.program.execute([batch], signal);
    return output;
  }

  profile() {
    return this.program.profile();
  }

  dispose(): void {
    this.program.dispose();
    this.backend.dispose();
  }
}
