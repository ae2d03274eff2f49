import type { KernelBackend, Plan } from '@apb/core';
import { stepProduct } from '../place.js';
import { outputOf, type Runner } from './runner.js';

type WholeBackend = KernelBackend & Required<Pick<KernelBackend, 'execute'>>;

export function canRunWhole(backend: KernelBackend): backend is WholeBackend {
  return backend.execute !== undefined;
}

/** The backend runs the whole plan in one call, off the event loop. */
export function wholeRunner(plan: Plan, backend: WholeBackend): Runner {
  return {
    steps: plan.steps.map(step => ({
      nodes: step.nodes,
      op: step.op.op,
      product: stepProduct(plan, step),
      backend: backend.name,
      ...outputOf(plan, step.output),
    })),
    run: async (batch, _check, signal) => (await backend.execute(plan, [batch], signal))[0],
    dispose: () => backend.dispose(),
  };
}
