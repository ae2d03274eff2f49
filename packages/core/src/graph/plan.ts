import type { KernelWeights, WeightUse } from '../backend/contract.js';
import type { Op } from '../backend/op.js';
import type { Encoding } from '../backend/quantizer.js';
import type { Shape } from '../tensor/shape.js';

/** Raised with every change of the plan's meaning. */
export const PLAN_VERSION = 1;

/** A value of the plan; its shape leaves out the batch axis, which comes first. */
export type PlanBuffer =
  | { readonly kind: 'float'; readonly shape: Shape }
  | { readonly kind: 'planes'; readonly shape: Shape; readonly encoding: Encoding };

export interface PlanStep {
  /** Names of the graph's nodes that this step carries out, in order. */
  readonly nodes: readonly string[];
  readonly op: Op;
  /** Indices into `buffers`. */
  readonly inputs: readonly number[];
  readonly output: number;
  /** Index into `weights`, for gemm and conv2d. */
  readonly weights?: number;
}

/** What a backend executes: versioned plain data, steps in order, every buffer written once. */
export interface Plan {
  readonly version: number;
  readonly buffers: readonly PlanBuffer[];
  readonly weights: readonly {
    readonly name: string;
    readonly weights: KernelWeights;
    readonly use: WeightUse;
  }[];
  readonly steps: readonly PlanStep[];
  /** Index of the float buffer that takes the network's input. */
  readonly input: number;
  /** Index of the float buffer with the network's output. */
  readonly output: number;
}
