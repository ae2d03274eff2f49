import { binarizationDistance } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { QuantizedKernel } from '../../layers/quantizedKernel.js';
import { compressedLayers } from '../../models/walk.js';
import type { Gradients } from '../optimizer.js';
import { allocate, type Contender } from './budgetAllocation.js';
import type { Hook, Position } from './hook.js';

/** Steps between two settlements: a sort of all weights costs about a tenth of a small step. */
const INTERVAL = 25;
/** Share of its old estimate that a layer's sensitivity keeps each step: a memory of some 100 steps. */
const MEMORY = 0.99;
/** Stands for 0, which would divide. */
const SMALLEST = 1e-30;

interface State {
  /** Running means of the squared gradients, one a layer, and the steps that they have seen. */
  readonly squares: readonly number[];
  readonly seen: number;
}

/**
 * Keeps a network's APB layers within a memory budget while it trains, and lets them compete for it: the force
 * that the loss lacks, since the loss alone always prefers full precision. (With batch norm behind a layer the
 * paper's gradient of delta is the growth rate of the latent weights, whatever the layer is good for.)
 *
 * A layer's sensitivity is the running mean of its squared gradients; every INTERVAL steps `allocate` sets each
 * delta so that a bit buys the same everywhere and all layers together take `bitsPerWeight`. From the share
 * `freezeAt` of the steps on, alpha, delta and the set of full-precision weights stay as they are.
 */
export class MemoryBudget implements Hook {
  readonly name = 'memoryBudget';
  private readonly kernels: readonly QuantizedKernel[];
  private readonly names: readonly string[];
  private squares: readonly number[];
  private seen = 0;
  private frozen = false;

  /**
   * @param bitsPerWeight over all APB layers, by the paper's accounting
   * @param freezeAt 0 to 1
   */
  constructor(
    model: LayersModel,
    private readonly bitsPerWeight: number,
    private readonly freezeAt: number,
  ) {
    const layers = compressedLayers(model).filter(
      ({ weightQuantizer }) => weightQuantizer.quantizer.config.kind === 'apb',
    );
    this.kernels = layers.map(layer => layer.weightQuantizer);
    this.names = layers.map(layer => layer.name);
    this.squares = layers.map(() => 0);
  }

  /** @throws InputError when the budget cannot be met */
  start(): void {
    this.settle();
  }

  /** A mask that is frozen already is told by the weights themselves. */
  begin({ step, steps }: Position): void {
    if (step > this.freezeStep(steps)) this.freeze();
  }

  beforeStep({ step, steps }: Position): void {
    if (this.frozen || step === 0) return;
    const last = step >= this.freezeStep(steps);
    if (last || step % INTERVAL === 0) this.settle();
    if (last) this.freeze();
  }

  adjust(gradients: Gradients): Gradients {
    if (!this.frozen) {
      this.observe(gradients);
      return gradients;
    }
    const resting = new Set(this.kernels.flatMap(kernel => kernel.variablesOf('scale').map(v => v.name)));
    return Object.fromEntries(Object.entries(gradients).filter(([name]) => !resting.has(name)));
  }

  /** Weights have moved since the last settlement; what is reported is within the budget. */
  beforeEvaluation(): void {
    if (!this.frozen) this.settle();
  }

  metrics(): Readonly<Record<string, unknown>> {
    const sensitivities = this.names.map((name, i) => [name, this.squares[i] / this.weightOfSeen]);
    return { memoryBudget: { frozen: this.frozen, sensitivity: Object.fromEntries(sensitivities) } };
  }

  get state(): State {
    return { squares: this.squares, seen: this.seen };
  }

  restore(state: unknown): void {
    ({ squares: this.squares, seen: this.seen } = state as State);
  }

  private freezeStep(steps: number): number {
    return Math.round(this.freezeAt * steps);
  }

  private observe(gradients: Gradients): void {
    const now = tf.tidy(() => {
      const means = this.kernels.map(({ weights }) => tf.mean(tf.square(gradients[weights.name])));
      return tf.stack(means).dataSync();
    });
    this.squares = this.squares.map((square, i) => MEMORY * square + (1 - MEMORY) * now[i]);
    this.seen++;
  }

  private settle(): void {
    const { deltas } = allocate(this.contenders(), this.bitsPerWeight);
    for (const [i, kernel] of this.kernels.entries()) kernel.setDelta(deltas[i]);
  }

  private freeze(): void {
    for (const kernel of this.kernels) kernel.freezeMask();
    this.frozen = true;
  }

  private contenders(): Contender[] {
    return this.kernels.map((kernel, i) => {
      const { alpha } = kernel.scales();
      const distances = kernel.latent().map((w, j) => binarizationDistance(w, alpha[j % alpha.length]));
      const sensitivity = this.sensitivity(i, distances);
      return {
        distances,
        sensitivity,
        scales: alpha.length,
        deltaMin: kernel.deltaMin,
      };
    });
  }

  /** Before the first gradient all layers are alike: the same spread of distances gets the same share. */
  private sensitivity(layer: number, distances: Float32Array): number {
    if (this.seen > 0) return Math.max(this.squares[layer] / this.weightOfSeen, SMALLEST);
    return 1 / Math.max(distances.reduce((sum, d) => sum + d * d, 0) / distances.length, SMALLEST);
  }

  /** What a running mean that started at 0 has to be divided by. */
  private get weightOfSeen(): number {
    return Math.max(1 - MEMORY ** this.seen, SMALLEST);
  }
}
