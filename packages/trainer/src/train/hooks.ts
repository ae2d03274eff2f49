import type * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from './optimizer.js';

/** Where a run is. */
export interface Position {
  /** Steps done before this one, over the whole run, and how many it has. */
  readonly step: number;
  readonly steps: number;
  /** `step` in epochs, a fraction: an integer at the first step of an epoch. */
  readonly epoch: number;
  readonly epochs: number;
}

/**
 * Something that acts while a network trains. Hooks act in the order of their list, after an evaluation in the
 * reverse. What a hook remembers from step to step must be in `variables` or `state`, or be a function of the
 * position alone: then a resumed run equals an undisturbed one.
 *
 * An epoch: (beforeStep, forward and backward pass, adjustGradients, optimizers, afterStep) for every step; quantizers
 * are brought within bounds; beforeEvaluation; evaluation and metrics; the checkpoint is written; afterEvaluation. A
 * resumed run begins with restored variables and state, then afterEvaluation. The last epoch's model is exported as
 * beforeEvaluation left it.
 */
export interface Hook {
  /** Its own, for what it saves. */
  readonly name: string;
  beforeStep?(position: Position): void | Promise<void>;
  /**
   * The gradients that the optimizers get, in place of these; a variable without one is not stepped. Runs in a tidy,
   * so that nothing needs to be disposed, and what is kept must be copied to a variable.
   */
  adjustGradients?(gradients: Gradients, position: Position): Gradients;
  afterStep?(position: Position): void;
  beforeEvaluation?(): void | Promise<void>;
  afterEvaluation?(): void | Promise<void>;
  /** Fields added to the epoch's line of metrics.jsonl. */
  metrics?(): Readonly<Record<string, unknown>>;
  /** Saved and restored in place, by their keys. */
  readonly variables?: ReadonlyMap<string, tf.Variable>;
  /** What else is saved: plain data as JSON can hold it. Read when a checkpoint is written. */
  readonly state?: unknown;
  /** Takes back what `state` gave. */
  restore?(state: unknown): void;
  dispose?(): void;
}

/** Some hooks as one. */
export class Hooks implements Required<Omit<Hook, 'name' | 'variables' | 'state' | 'restore'>> {
  constructor(readonly all: readonly Hook[]) {}

  async beforeStep(position: Position): Promise<void> {
    for (const hook of this.all) await hook.beforeStep?.(position);
  }

  adjustGradients(gradients: Gradients, position: Position): Gradients {
    return this.all.reduce((all, hook) => hook.adjustGradients?.(all, position) ?? all, gradients);
  }

  afterStep(position: Position): void {
    for (const hook of this.all) hook.afterStep?.(position);
  }

  async beforeEvaluation(): Promise<void> {
    for (const hook of this.all) await hook.beforeEvaluation?.();
  }

  async afterEvaluation(): Promise<void> {
    for (const hook of this.all.toReversed()) await hook.afterEvaluation?.();
  }

  metrics(): Record<string, unknown> {
    return Object.assign({}, ...this.all.map(hook => hook.metrics?.()));
  }

  dispose(): void {
    for (const hook of this.all) hook.dispose?.();
  }
}
