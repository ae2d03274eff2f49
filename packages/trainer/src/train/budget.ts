import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { QuantizedKernel } from '../layers/quantizedKernel.js';
import { compressedLayers } from '../models/walk.js';
import { type Allocation, allocate, type Contender } from './budgetAllocation.js';
import type { Gradients } from './optimizer.js';

/** Steps between two settlements: a sort of all weights costs about a tenth of a small step. */
const INTERVAL = 25;
/** Share of its old estimate that a layer's sensitivity keeps each step: a memory of some 100 steps. */
const MEMORY = 0.99;

/** Stands for 0, which would divide. */
const SMALLEST = 1e-30;

/** What a run saves of a budget. */
export interface BudgetState {
  /** Running means of the squared gradients, one a layer, and the steps that they have seen. */
  readonly squares: readonly number[];
  readonly steps: number;
}

/**
 * Keeps a network's compressed layers within a memory budget while it trains, and lets them compete for it: the
 * force that the loss alone lacks, since every loss prefers full precision (METHOD: with batch norm behind a layer
 * the paper's gradient of delta is the growth rate of its latent weights, whatever the layer is good for).
 *
 * Each layer's sensitivity is the running mean of its squared gradients; every INTERVAL steps `allocate` sets each
 * delta so that a bit buys the same everywhere and all together take `bitsPerWeight`. After `freeze` the set of
 * full-precision weights stays as it is, to the bit what the budget allows.
 */
export class MemoryBudget {
  private readonly kernels: readonly QuantizedKernel[];
  private readonly names: readonly string[];
  private squares: number[];
  private steps = 0;

  /** @param bitsPerWeight over all compressed layers, by the paper's accounting */
  constructor(
    model: LayersModel,
    private readonly bitsPerWeight: number,
  ) {
    const layers = compressedLayers(model).filter(
      ({ weightQuantizer }) => weightQuantizer.quantizer.config.kind === 'apb',
    );
    this.kernels = layers.map(layer => layer.weightQuantizer);
    this.names = layers.map(layer => layer.name);
    this.squares = layers.map(() => 0);
  }

  get state(): BudgetState {
    return { squares: this.squares, steps: this.steps };
  }

  restore({ squares, steps }: BudgetState): void {
    this.squares = [...squares];
    this.steps = steps;
  }

  /** Takes note of a step's gradients. */
  observe(gradients: Gradients): void {
    const means = tf.tidy(() =>
      tf.stack(this.kernels.map(({ weights }) => tf.mean(tf.square(gradients[weights.name])))),
    );
    const now = means.dataSync();
    means.dispose();
    this.squares = this.squares.map((square, i) => MEMORY * square + (1 - MEMORY) * now[i]);
    this.steps++;
  }

  /** Settles the budget where it is due. @param step counted from 0 */
  beforeStep(step: number): void {
    if (step > 0 && step % INTERVAL === 0) this.settle();
  }

  /**
   * Sets every delta by the present weights and sensitivities.
   * @throws InputError when the budget cannot be met
   */
  settle(): Allocation {
    const allocation = allocate(this.contenders(), this.bitsPerWeight);
    this.kernels.forEach((kernel, i) => kernel.setDelta(allocation.deltas[i]));
    return allocation;
  }

  /** Keeps the present set of full-precision weights from now on. */
  freeze(): void {
    for (const kernel of this.kernels) kernel.freezeMask();
  }

  private contenders(): Contender[] {
    return this.kernels.map((kernel, i) => {
      const { alpha } = kernel.scales();
      const distances = kernel
        .latent()
        .map((w, j) => Math.abs(Math.fround(Math.abs(w) - alpha[j % alpha.length])));
      return {
        name: this.names[i],
        distances,
        sensitivity: this.sensitivity(i, distances),
        scales: alpha.length,
        deltaMin: kernel.deltaMin,
      };
    });
  }

  /** Before the first gradient all layers are alike: the same spread of distances gets the same share. */
  private sensitivity(layer: number, distances: Float32Array): number {
    if (this.steps > 0) return Math.max(this.squares[layer] / (1 - MEMORY ** this.steps), SMALLEST);
    return 1 / Math.max(distances.reduce((sum, d) => sum + d * d, 0) / distances.length, SMALLEST);
  }
}
