import {
  type BufferSpec,
  INPUT,
  type KernelWeights,
  type Op,
  PLAN_VERSION,
  type Plan,
  type PlanStep,
  type Shape,
  type WeightUse,
} from '@apb/core';

/** Collects a plan: what each value of the graph is, and the steps that make it. */
export class PlanBuilder {
  private readonly buffers: BufferSpec[] = [];
  private readonly steps: PlanStep[] = [];
  private readonly weights = new Map<string, { index: number; entry: Plan['weights'][number] }>();
  /** Buffer of each value as its node makes it, floats or planes. */
  private readonly made = new Map<string, number>();
  /** Buffer of the floats that a value's planes stand for, where something asked for them. */
  private readonly dequantized = new Map<string, number>();

  constructor(inputShape: Shape) {
    this.made.set(INPUT, this.buffer({ kind: 'float', shape: inputShape }));
  }

  /** The value as it was made. */
  value(name: string): number {
    const index = this.made.get(name);
    if (index === undefined) throw new Error(`the plan has no value "${name}" yet`);
    return index;
  }

  spec(index: number): BufferSpec {
    return this.buffers[index];
  }

  /** The value as floats; planes get one dequantize step, however many ask. */
  floats(name: string): number {
    const index = this.value(name);
    const spec = this.buffers[index];
    if (spec.kind === 'float') return index;
    const known = this.dequantized.get(name);
    if (known !== undefined) return known;
    const output = this.buffer({ kind: 'float', shape: spec.shape });
    this.steps.push({ nodes: [], op: { op: 'dequantize' }, inputs: [index], output });
    this.dequantized.set(name, output);
    return output;
  }

  /** Adds the step that makes the value of the last of `nodes`. */
  step(
    nodes: readonly string[],
    op: Op,
    inputs: readonly number[],
    output: BufferSpec,
    weights?: number,
  ): void {
    const index = this.buffer(output);
    this.steps.push({ nodes, op, inputs, output: index, ...(weights === undefined ? {} : { weights }) });
    this.made.set(nodes[nodes.length - 1], index);
  }

  /** Index of weights for one use; layers that share a parameter in the same way share the entry. */
  weightsFor(name: string, use: WeightUse, make: () => KernelWeights): number {
    const key = JSON.stringify([name, use]);
    const known = this.weights.get(key);
    if (known) return known.index;
    const index = this.weights.size;
    this.weights.set(key, { index, entry: { name, weights: make(), use } });
    return index;
  }

  finish(output: string): Plan {
    return {
      version: PLAN_VERSION,
      output: this.floats(output),
      input: this.value(INPUT),
      buffers: this.buffers,
      weights: Array.from(this.weights.values(), ({ entry }) => entry),
      steps: this.steps,
    };
  }

  private buffer(spec: BufferSpec): number {
    return this.buffers.push(spec) - 1;
  }
}
