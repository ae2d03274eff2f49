import { assertFinite, InputError, isBinarized, type ValueType, type WeightData } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable } from '@tensorflow/tfjs-layers';
import { nearestOnSide } from '../quantizers/scales.js';
import {
  type DeltaRule,
  defaultDeltaRule,
  type QuantizerParameter,
  type QuantizerValues,
  type WeightQuantizer,
  type WeightQuantizerConfig,
  weightQuantizer,
} from '../quantizers/weight.js';
import { outputFirst } from './outputFirst.js';

/** What the compressed layers take beside the arguments of tf.layers' conv2d, depthwiseConv2d and dense. */
export interface QuantizedKernelArgs {
  /** Default: APB with its defaults. */
  quantizer?: WeightQuantizerConfig;
  /** Start of delta at build; default 3 standard deviations. */
  deltaRule?: DeltaRule;
}

/** Adds a weight to a layer. */
type AddWeight = (name: string, shape: number[], trainable: boolean) => LayerVariable;

/** Training calls between two looks at the full-precision share. */
const shareInterval = 100;
const shareLimit = 0.2;

/** The quantized weights of one layer: its latent kernel, the quantizer's parameters, and what they stand for. */
export class QuantizedKernel {
  readonly quantizer: WeightQuantizer;
  readonly deltaRule: DeltaRule;
  private kernel!: LayerVariable;
  private coreShape!: readonly number[];
  /** By parameter name. */
  private variables!: ReadonlyMap<string, LayerVariable>;
  /** 1 where a weight stays binarized, once the mask is frozen. */
  private mask?: Uint8Array;
  private trainingCalls = 0;
  private warned = false;

  constructor(
    private readonly layer: { readonly name: string },
    args: QuantizedKernelArgs,
  ) {
    this.quantizer = weightQuantizer(args.quantizer ?? { kind: 'apb' });
    this.deltaRule = args.deltaRule ?? defaultDeltaRule;
  }

  /**
   * Adds the quantizer's parameters to a layer whose kernel is initialised, and starts them from it.
   * @param kernel row-major with the output channel last: [n / out, out], however it is shaped
   * @param coreShape [out, ...], the shape of the weights in a file
   * @param addWeight the layer's own, for float32 weights
   */
  build(kernel: LayerVariable, coreShape: readonly number[], addWeight: AddWeight): void {
    this.kernel = kernel;
    this.coreShape = coreShape;
    const shapes = { layer: [], channel: [this.outChannels], weight: kernel.shape as number[] };
    this.variables = new Map(
      this.quantizer.parameters.map(({ name, per, trainable }) => [
        name,
        addWeight(name, shapes[per], trainable),
      ]),
    );
    this.initialise(this.deltaRule);
  }

  /** Starts the parameters from the present kernel; deterministic, in float64. */
  initialise(rule: DeltaRule): void {
    this.write(this.quantizer.start(this.latent(), this.outChannels, rule));
  }

  /** W_hat as a tensor of the kernel's shape, differentiable with respect to kernel and trainable parameters. */
  quantized(training: boolean): tf.Tensor {
    this.constrain();
    if (training && this.trainingCalls++ % shareInterval === 0) this.watchShare();
    return this.wHat();
  }

  /** Moves learned parameters to the nearest values within bounds: the projection after an optimizer's step. */
  constrain(): void {
    const now = this.read(({ role }) => role !== 'state');
    const bounded = this.quantizer.constrain(now);
    if (bounded !== now) this.write(bounded);
    if (this.mask) this.returnToMask(this.mask);
  }

  /**
   * Freezes which weights are binarized: from now on `constrain` returns a weight that has left its side of the
   * interval to the nearest value on it. So the predicate alone tells the mask, in files and in a resumed run too.
   * Meant for an APB layer whose alpha and delta rest as well; nothing happens for other quantizers.
   */
  freezeMask(): void {
    if (this.quantizer.config.kind !== 'apb') return;
    const { alpha, delta } = this.scales();
    this.mask = Uint8Array.from(this.latent(), (w, i) =>
      Number(isBinarized(w, alpha[i % alpha.length], delta)),
    );
  }

  /** The smallest half-width that an APB layer's bounds allow beside its present alpha. */
  get deltaMin(): number {
    return this.quantizer.constrain({ ...this.values(), delta: new Float32Array(1) }).delta[0];
  }

  /** Sets the half-width of an APB layer, moved within its bounds. */
  setDelta(delta: number): void {
    this.write({ delta: Float32Array.of(delta) });
    this.constrain();
  }

  /** Present values of the quantizer's parameters, within bounds. */
  values(): QuantizerValues {
    this.constrain();
    return this.read();
  }

  /** Alpha and delta of an APB or binary layer: no alpha where none is learned, delta Infinity where none is kept. */
  scales(): { alpha: Float32Array; delta: number } {
    const { alpha = new Float32Array(0), delta } = this.values();
    return { alpha, delta: delta ? delta[0] : Number.POSITIVE_INFINITY };
  }

  /** The trainable variables of a role, in the order of `quantizer.parameters`. */
  variablesOf(role: QuantizerParameter['role']): tf.Variable[] {
    return this.quantizer.parameters
      .filter(p => p.role === role && p.trainable)
      .map(p => this.variables.get(p.name)!.read() as tf.Variable);
  }

  /** Latent weights, row-major in tf.layers' order: the output channel is the last axis. */
  latent(): Float32Array {
    return this.kernel.read().dataSync() as Float32Array;
  }

  get outChannels(): number {
    return this.coreShape[0];
  }

  get size(): number {
    return this.kernel.read().size;
  }

  /** The latent weights' variable. */
  get weights(): tf.Variable {
    return this.kernel.read() as tf.Variable;
  }

  /** Sets the latent weights; the quantizer's parameters keep their values. @param w like `latent` */
  setLatent(w: Float32Array): void {
    tf.tidy(() => void this.kernel.write(tf.tensor(w, this.kernel.shape as number[], 'float32')));
  }

  /**
   * Leaves out the share `sparsity` of the weights, the smallest first. The mask stays where it already leaves out as
   * many; nothing happens where the quantizer does not prune.
   */
  prune(sparsity: number): void {
    if (!this.quantizer.prune) return;
    const values = this.values();
    const kept = values.mask.reduce((sum, x) => sum + x, 0);
    if (this.size - kept !== Math.floor(sparsity * this.size))
      this.write(this.quantizer.prune(this.latent(), values, sparsity));
  }

  /**
   * Weights kept as full-precision values below (|w| < alpha) and above the binarized interval; those that pruning
   * keeps are above.
   */
  fullPrecision(): { below: number; above: number } {
    const { alpha, delta, mask } = this.values();
    const counts = { below: 0, above: 0 };
    if (this.quantizer.config.kind === 'prune') counts.above = mask.reduce((sum, kept) => sum + kept, 0);
    if (this.quantizer.config.kind === 'apb')
      this.latent().forEach((w, i) => {
        const a = alpha[i % alpha.length];
        if (!isBinarized(w, a, delta[0])) counts[Math.abs(w) < a ? 'below' : 'above']++;
      });
    return counts;
  }

  /**
   * The stored form of the layer's weights in core's order [out, ...rest].
   * @throws InputError when a parameter or a weight is not finite
   */
  toWeightData(valueType: ValueType): WeightData {
    const rows = (values: Float32Array) => outputFirst(values, this.outChannels);
    try {
      const [latent, values] = [this.latent(), this.values()];
      assertFinite(latent, 'the weights');
      for (const [name, own] of Object.entries(values)) assertFinite(own, name);
      const quantized = tf.tidy(() => this.wHat().dataSync() as Float32Array);
      const stored = { shape: this.coreShape, latent: rows(latent), quantized: rows(quantized), values };
      return this.quantizer.toWeightData(stored, valueType);
    } catch (error) {
      if (error instanceof RangeError) throw new InputError(`layer ${this.layer.name}: ${error.message}`);
      throw error;
    }
  }

  config(): { quantizer: WeightQuantizerConfig; deltaRule: DeltaRule } {
    return { quantizer: this.quantizer.config, deltaRule: this.deltaRule };
  }

  private returnToMask(mask: Uint8Array): void {
    const { alpha, delta } = this.read();
    const now = this.latent();
    const leaves = (w: number, i: number) =>
      isBinarized(w, alpha[i % alpha.length], delta[0]) !== (mask[i] === 1);
    if (!now.some(leaves)) return;
    this.setLatent(
      now.map((w, i) =>
        leaves(w, i) ? nearestOnSide(w, alpha[i % alpha.length], delta[0], mask[i] === 1) : w,
      ),
    );
  }

  private wHat(): tf.Tensor {
    const tensors = [...this.variables].map(([name, variable]) => [name, variable.read()]);
    return this.quantizer.quantize(this.kernel.read(), Object.fromEntries(tensors));
  }

  private read(which: (parameter: QuantizerParameter) => boolean = () => true): QuantizerValues {
    const names = this.quantizer.parameters.filter(which).map(({ name }) => name);
    return Object.fromEntries(
      names.map(name => [name, this.variables.get(name)!.read().dataSync() as Float32Array]),
    );
  }

  private write(values: QuantizerValues): void {
    tf.tidy(() => {
      for (const [name, own] of Object.entries(values)) {
        const variable = this.variables.get(name)!;
        variable.write(tf.tensor(own, variable.shape as number[], 'float32'));
      }
    });
  }

  private watchShare(): void {
    if (this.warned || this.variablesOf('width').length === 0) return;
    const { below, above } = this.fullPrecision();
    const share = (below + above) / this.size;
    if (share <= shareLimit) return;
    this.warned = true;
    console.warn(
      `apb: layer ${this.layer.name} keeps ${(100 * share).toFixed(1)} % of its weights in full precision (0 to ` +
        `${100 * shareLimit} % is usual); lower the learning rate of delta, start it wider, or use reduction "mean"`,
    );
  }
}

/** The initializer of a parameter that is set right after it is added. */
export const placeholder = initializers.zeros();
