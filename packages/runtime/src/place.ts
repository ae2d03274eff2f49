import {
  InputError,
  type KernelBackend,
  type OpName,
  type Plan,
  type PlanStep,
  type PreparedWeights,
  type Product,
  productOf,
} from '@apb/core';

/** A step with the backend that runs it. */
export interface PlacedStep {
  readonly step: PlanStep;
  readonly backend: KernelBackend;
  readonly weights?: PreparedWeights;
  /** Plan buffers that no later step reads. */
  readonly frees: readonly number[];
}

/** The product of a step with weights. */
export function stepProduct(plan: Plan, step: PlanStep): Product | undefined {
  if (step.weights === undefined) return undefined;
  const { weights, use } = plan.weights[step.weights];
  const product = productOf(
    weights.kind === 'apb' ? 1 : weights.kind === 'twoBit' ? 2 : 32,
    use.activationBits,
  );
  if (!product) throw new Error(`the plan asks for a product of ${weights.kind} weights that does not exist`);
  return product;
}

/** The name under which a backend lists what a step needs. */
function stepOpName(plan: Plan, step: PlanStep): OpName {
  const { op } = step.op;
  return op === 'gemm' || op === 'conv2d' ? `${op}:${stepProduct(plan, step) as Product}` : op;
}

/** Whether a backend has every operation of a plan. */
export function supportsAll(backend: KernelBackend, plan: Plan): boolean {
  return plan.steps.every(step => backend.capabilities.ops.has(stepOpName(plan, step)));
}

/**
 * Gives each step to `main`, or to `fallback` where main lacks the operation, and prepares all weights.
 * @throws InputError naming the parameter whose weights a backend refuses
 */
export function placeSteps(plan: Plan, main: KernelBackend, fallback: KernelBackend): PlacedStep[] {
  const { ops } = main.capabilities;
  const prepared = new Map<KernelBackend, Map<number, PreparedWeights>>();
  const frees = lastReads(plan);
  return plan.steps.map((step, i) => {
    const backend = ops.has(stepOpName(plan, step)) ? main : fallback;
    const known = prepared.get(backend) ?? new Map<number, PreparedWeights>();
    prepared.set(backend, known);
    if (step.weights === undefined) return { step, backend, frees: frees[i] };
    const weights = known.get(step.weights) ?? prepare(plan, step.weights, backend);
    known.set(step.weights, weights);
    return { step, backend, weights, frees: frees[i] };
  });
}

function prepare(plan: Plan, index: number, backend: KernelBackend): PreparedWeights {
  const { name, weights, use } = plan.weights[index];
  try {
    return backend.prepareWeights(weights, use);
  } catch (error) {
    if (error instanceof RangeError)
      throw new InputError(`parameter "${name}": ${error.message}`, { cause: error });
    throw error;
  }
}

/** For each step the buffers it is the last to read or write, the network's output excepted. */
function lastReads(plan: Plan): number[][] {
  const last = new Map<number, number>();
  plan.steps.forEach((step, i) => {
    for (const buffer of [...step.inputs, step.output]) last.set(buffer, i);
  });
  const frees: number[][] = plan.steps.map(() => []);
  for (const [buffer, i] of last) if (buffer !== plan.output) frees[i].push(buffer);
  return frees;
}
