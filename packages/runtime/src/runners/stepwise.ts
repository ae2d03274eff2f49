import type { KernelBackend, Plan } from '@apb/core';
import { type PlacedStep, placeSteps } from '../place.js';
import { Clock } from './clock.js';
import { explainStep, type Runner } from './runner.js';
import { Values } from './values.js';
import { yieldToEventLoop } from './yield.js';

/**
 * Runs step by step, giving the event loop a turn before each. Each run has its own values and shares the
 * prepared weights, so any number may be in flight.
 * @throws InputError naming the parameter whose weights a backend refuses
 */
export function stepwiseRunner(plan: Plan, backend: KernelBackend, reference: KernelBackend): Runner {
  const placed = placeSteps(plan, backend, reference);
  const first = placed.find(({ step }) => step.inputs.includes(plan.input)) ?? placed[0];
  const clock = new Clock(placed.length);
  let disposed = false;
  return {
    steps: placed.map(({ step, backend, weights }) => explainStep(plan, step, backend, weights?.bytes)),
    run: async (batch, check) => {
      const values = new Values(plan.buffers, batch.shape[0]);
      try {
        values.upload(plan.input, batch, first.backend);
        for (const [i, step] of placed.entries()) {
          await yieldToEventLoop();
          check();
          clock.time(i, () => runStep(step, values));
        }
        return values.download(plan.output);
      } finally {
        // The end of the backends has freed them already.
        if (!disposed) values.freeAll();
      }
    },
    profile: () => clock.times(),
    dispose: () => {
      disposed = true;
      for (const { weights } of placed) weights?.dispose();
      backend.dispose();
      reference.dispose();
    },
  };
}

function runStep({ step, backend, weights, frees }: PlacedStep, values: Values): void {
  const inputs = step.inputs.map(index => values.on(index, backend));
  backend.run(step.op, inputs, values.alloc(step.output, backend), weights);
  for (const index of frees) values.free(index);
}
