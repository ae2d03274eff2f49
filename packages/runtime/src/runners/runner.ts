import {
  type KernelBackend,
  type Plan,
  type PlanStep,
  type Product,
  type Shape,
  type StepTime,
  sizeOf,
  type Tensor,
  wordsPerRow,
} from '@apb/core';
import { stepProduct } from '../place.js';

/** One step of a session, as plain data. */
export interface ExplainedStep {
  /** The graph's nodes that the step carries out; none for a conversion the planner put in. */
  readonly nodes: readonly string[];
  readonly op: string;
  /** Weight bits / activation bits of a layer. */
  readonly product?: Product;
  readonly backend: string;
  /** The instruction set that the backend uses. */
  readonly isa: string;
  /** Of one picture. */
  readonly outputShape: Shape;
  /** Of one picture's output. */
  readonly bytes: number;
  /** Held by the backend for this step's weights; steps that share weights each list all of them. */
  readonly weightBytes?: number;
  /** Products of a weight and an activation for one picture, padding included; 0 for a step without weights. */
  readonly multiplyAdds: number;
}

/** What a step has taken so far. */
export interface ProfiledStep extends StepTime {
  readonly nodes: readonly string[];
  readonly op: string;
  readonly product?: Product;
  readonly isa: string;
}

/** A plan bound to backends. */
export interface Runner {
  readonly steps: readonly ExplainedStep[];
  /** Bytes of all activations of one picture; absent where steps allocate on their own. */
  readonly arenaBytes?: number;
  /**
   * @param batch checked, [N, ...input shape]; not read after the promise is returned
   * @param check throws when the run has to stop
   */
  run(batch: Tensor, check: () => void, signal?: AbortSignal): Promise<Tensor>;
  /** Of each step. */
  profile(): readonly StepTime[];
  dispose(): void;
}

/** What there is to say about a step before it runs. */
export function explainStep(
  plan: Plan,
  step: PlanStep,
  { name, capabilities: { isa } }: KernelBackend,
  weightBytes: number | undefined,
): ExplainedStep {
  const product = stepProduct(plan, step);
  return {
    nodes: step.nodes,
    op: step.op.op,
    ...(product && { product }),
    backend: name,
    isa,
    ...outputOf(plan, step.output),
    ...(weightBytes !== undefined && { weightBytes }),
    multiplyAdds: multiplyAdds(plan, step),
  };
}

function outputOf(plan: Plan, index: number): { outputShape: Shape; bytes: number } {
  const spec = plan.buffers[index];
  const { shape } = spec;
  if (spec.kind === 'float') return { outputShape: shape, bytes: sizeOf(shape) * 4 };
  const rows = sizeOf(shape.slice(0, -1));
  return { outputShape: shape, bytes: spec.encoding.bits * rows * wordsPerRow(shape[shape.length - 1]) * 4 };
}

function multiplyAdds(plan: Plan, step: PlanStep): number {
  if (step.weights === undefined) return 0;
  const { weights } = plan.weights[step.weights];
  const { k } = weights.kind === 'apb' ? weights.signs : weights.kind === 'twoBit' ? weights.codes : weights;
  return sizeOf(plan.buffers[step.output].shape) * k;
}
