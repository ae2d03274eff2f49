import type * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from '../optimizer.js';

/** Where a run is. */
export interface Position {
  /** Training steps done since the run began, and in all. */
  readonly step: number;
  readonly steps: number;
  /** Epochs that are finished, and in all. */
  readonly epoch: number;
  readonly epochs: number;
}

/**
 * Something that acts on a run beside loss and optimizers: one file each, in the order of `hooksOf`. What a hook
 * remembers from step to step is in `state` or `variables`, so that a resumed run goes on as an undisturbed one.
 */
export interface Hook {
  /** Names its state in checkpoints. */
  readonly name: string;
  /** Once, in a fresh run: weights and quantizers have their start values, statistics are estimated afterwards. */
  start?(): void;
  /** Once, before the first step of a fresh or resumed run. */
  begin?(position: Position): void;
  beforeStep?(position: Position): void;
  /** What the optimizers step with, in place of the given gradients. In a tidy. */
  adjust?(gradients: Gradients, position: Position): Gradients;
  afterStep?(position: Position): void;
  /**
   * Around evaluation, checkpoint and export: what the run shows is the model between the two. A resumed run begins
   * with `afterEvaluation`; after the last epoch it is not called.
   */
  beforeEvaluation?(position: Position): void | Promise<void>;
  afterEvaluation?(): void;
  /** Fields for the epoch's line in metrics.jsonl. */
  metrics?(): Readonly<Record<string, unknown>>;
  /** Restored in place. */
  readonly variables?: ReadonlyMap<string, tf.Variable>;
  /** Plain JSON. */
  readonly state?: unknown;
  /** @param state as `state` gave it */
  restore?(state: unknown): void;
  dispose?(): void;
}
