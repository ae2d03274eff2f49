import { InputError, isBinarized, type ValueType, type WeightData } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable } from '@tensorflow/tfjs-layers';
import {
  type DeltaRule,
  defaultDeltaRule,
  type WeightQuantizer,
  type WeightQuantizerConfig,
  type WeightScales,
  weightQuantizer,
} from '../quantizers/weight.js';
import { outputFirst } from './outputFirst.js';

/** What ApbConv2D and ApbDense take beside the arguments of tf.layers' conv2d and dense. */
export interface QuantizedKernelArgs {
  /** Default: APB with its defaults. */
  quantizer?: WeightQuantizerConfig;
  /** Start of delta at build; default 3 standard deviations. */
  deltaRule?: DeltaRule;
}

/** Training calls between two looks at the full-precision share. */
const shareInterval = 100;
const shareLimit = 0.2;

/** The quantized weights of one layer: its latent kernel, the learned scalars, and what they stand for. */
export class QuantizedKernel {
  readonly quantizer: WeightQuantizer;
  readonly deltaRule: DeltaRule;
  private kernel!: LayerVariable;
  private alphaVariable!: LayerVariable;
  private deltaVariable?: LayerVariable;
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
   * Adds alpha and delta to a layer whose kernel [..., out] is initialised, and starts them from it.
   * @param addWeight the layer's own, for a trainable float32 weight
   */
  build(kernel: LayerVariable, addWeight: (name: string, shape: number[]) => LayerVariable): void {
    this.kernel = kernel;
    const { perChannel } = this.quantizer.config;
    this.alphaVariable = addWeight('alpha', perChannel ? [this.outChannels] : []);
    if (this.quantizer.learnsDelta) this.deltaVariable = addWeight('delta', []);
    this.initialise(this.deltaRule);
  }

  /** Starts alpha and delta from the present kernel; deterministic, in float64. */
  initialise(rule: DeltaRule): void {
    this.write(this.quantizer.start(this.latent(), this.outChannels, rule));
  }

  /** W_hat as a tensor of the kernel's shape, differentiable with respect to kernel, alpha and delta. */
  quantized(training: boolean): tf.Tensor {
    this.constrain();
    if (training && this.trainingCalls++ % shareInterval === 0) this.watchShare();
    return this.quantizer.quantize(this.kernel.read(), this.alphaVariable.read(), this.deltaVariable?.read());
  }

  /** Moves alpha and delta to the nearest values within bounds: the projection after an optimizer's step. */
  constrain(): void {
    const now = this.read();
    const bounded = this.quantizer.constrain(now);
    if (bounded.delta !== now.delta || bounded.alpha.some((a, i) => a !== now.alpha[i])) this.write(bounded);
  }

  /** Present alpha and delta, within bounds. */
  scales(): WeightScales {
    this.constrain();
    return this.read();
  }

  /** Latent weights, row-major in tf.layers' order: the output channel is the last axis. */
  latent(): Float32Array {
    return this.kernel.read().dataSync() as Float32Array;
  }

  get outChannels(): number {
    return this.kernel.shape[this.kernel.shape.length - 1]!;
  }

  get size(): number {
    return this.kernel.read().size;
  }

  /** Full-precision weights below (|w| < alpha) and above the binarized interval. */
  fullPrecision(): { below: number; above: number } {
    const { alpha, delta } = this.scales();
    const counts = { below: 0, above: 0 };
    this.latent().forEach((w, i) => {
      const a = alpha[i % alpha.length];
      if (!isBinarized(w, a, delta)) counts[Math.abs(w) < a ? 'below' : 'above']++;
    });
    return counts;
  }

  /**
   * The stored form of the layer's weights in core's order [out, ...rest].
   * @throws InputError when alpha, delta or a weight is not finite
   */
  toWeightData(valueType: ValueType): WeightData {
    const { shape } = this.kernel;
    const rows = outputFirst(this.latent(), this.outChannels);
    const coreShape = [this.outChannels, ...(shape.slice(0, -1) as number[])];
    try {
      return this.quantizer.toWeightData(rows, coreShape, this.scales(), valueType);
    } catch (error) {
      if (error instanceof RangeError) throw new InputError(`layer ${this.layer.name}: ${error.message}`);
      throw error;
    }
  }

  config(): { quantizer: WeightQuantizerConfig; deltaRule: DeltaRule } {
    return { quantizer: this.quantizer.config, deltaRule: this.deltaRule };
  }

  private read(): WeightScales {
    return {
      alpha: this.alphaVariable.read().dataSync() as Float32Array,
      delta: this.deltaVariable ? this.deltaVariable.read().dataSync()[0] : Number.POSITIVE_INFINITY,
    };
  }

  private write({ alpha, delta }: WeightScales): void {
    tf.tidy(() => {
      this.alphaVariable.write(tf.tensor(alpha, this.alphaVariable.shape as number[], 'float32'));
      this.deltaVariable?.write(tf.scalar(delta));
    });
  }

  private watchShare(): void {
    if (this.warned || !this.quantizer.learnsDelta) return;
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

/** The initializer of a scalar that is set right after it is added. */
export const placeholder = initializers.zeros();
