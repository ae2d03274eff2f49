import { type Plan, type Product, type Shape, sizeOf, type Tensor, wordsPerRow } from '@apb/core';

/** One step of a session, as plain data. */
export interface ExplainedStep {
  /** The graph's nodes that the step carries out; none for a conversion the planner put in. */
  readonly nodes: readonly string[];
  readonly op: string;
  /** Weight bits / activation bits of a layer. */
  readonly product?: Product;
  readonly backend: string;
  /** Of one picture. */
  readonly outputShape: Shape;
  /** Of one picture's output. */
  readonly bytes: number;
  /** Held by the backend for this step's weights; absent where the backend does not tell. */
  readonly weightBytes?: number;
}

/** A plan bound to backends. */
export interface Runner {
  readonly steps: readonly ExplainedStep[];
  /**
   * @param batch checked, [N, ...input shape]; not read after the promise is returned
   * @param check throws when the run has to stop
   */
  run(batch: Tensor, check: () => void, signal?: AbortSignal): Promise<Tensor>;
  dispose(): void;
}

/** Shape of a step's output for one picture and its bytes. */
export function outputOf(plan: Plan, index: number): { outputShape: Shape; bytes: number } {
  const spec = plan.buffers[index];
  const { shape } = spec;
  if (spec.kind === 'float') return { outputShape: shape, bytes: sizeOf(shape) * 4 };
  const rows = sizeOf(shape.slice(0, -1));
  return { outputShape: shape, bytes: spec.encoding.bits * rows * wordsPerRow(shape[shape.length - 1]) * 4 };
}
