import type { ActivationBits, Quantizer } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import {
  type ActivationFunction,
  type ActivationOptions,
  type ActivationValues,
  activationFunction,
  type Bounds,
} from '../quantizers/activation.js';
import { type CallArgs, type LayerInputs, onlyTensor } from './support.js';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

export interface ActivationQuantizerArgs extends LayerArgs, ActivationOptions {
  /** Start of the interval's upper end, see `defaultHi`; `calibrateActivations` fits it to data. */
  hi?: number;
  /** Start of the interval's lower end where it is learned, 0 by default. */
  lo?: number;
}

/**
 * Upper ends with the least squared error for a rectified unit normal variable, what a batch norm and a ReLU
 * give: (2^bits - 1) times the half-wave Gaussian steps 0.538, 0.185 and 0.0155.
 */
const defaultHi: Record<ActivationBits, number> = { 1: 1, 2: 1.614, 4: 2.775, 8: 3.95 };

/**
 * Quantizes activations of any shape: signs for 1 bit, uniform codes for 2, 4 and 8 bits.
 * Stands directly in front of the compressed layer that takes its output. At inference its output is
 * `dequantizeValue(quantizeValue(x, q), encodingOf(q))` of core, bit for bit, q = `toQuantizer()`.
 */
export class ActivationQuantizer extends layers.Layer {
  static readonly className = 'ActivationQuantizer';
  readonly activation: ActivationFunction;
  /** By parameter name. */
  private variables: ReadonlyMap<string, LayerVariable> = new Map();

  /** @throws InputError for unknown options */
  constructor(private readonly args: ActivationQuantizerArgs) {
    super(args);
    this.activation = activationFunction(args);
  }

  override build(): void {
    const { bits, lo = 0, hi = defaultHi[bits] } = this.args;
    const start = this.activation.fromBounds({ lo, hi });
    this.variables = new Map(
      this.activation.parameters.map(({ name, trainable }) => {
        const constant = initializers.constant({ value: start[name] });
        return [name, this.addWeight(name, [], 'float32', constant, undefined, trainable)];
      }),
    );
    this.built = true;
  }

  override computeOutputShape(inputShape: Parameters<layers.Layer['computeOutputShape']>[0]) {
    return inputShape;
  }

  override call(inputs: LayerInputs, _kwargs: CallArgs): tf.Tensor {
    return tf.tidy(() => {
      this.constrain();
      const parameters = [...this.variables].map(([name, variable]) => [name, variable.read()]);
      return this.activation.quantize(onlyTensor(inputs), Object.fromEntries(parameters));
    });
  }

  /** Moves an interval that an optimizer's step has emptied to the nearest that is not. */
  constrain(): void {
    const now = this.read();
    const bounded = this.activation.constrain(now);
    if (Object.keys(now).some(name => bounded[name] !== now[name])) this.write(bounded);
  }

  /** The present interval. */
  bounds(): Bounds {
    this.constrain();
    return this.activation.toBounds(this.read());
  }

  /** Fits the interval to a sample of the values that the layer will see. */
  calibrate(sample: Float32Array): void {
    this.write(this.activation.fromBounds(this.activation.calibrate(sample, this.bounds())));
  }

  /** How the runtime computes this layer. */
  toQuantizer(): Quantizer {
    return this.activation.toQuantizer(this.bounds());
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { bits, quantizer, sign, uniform, lsq, lo, hi } = this.args;
    const own = JSON.parse(
      JSON.stringify({ bits, quantizer, sign, uniform, lsq, lo, hi }),
    ) as tf.serialization.ConfigDict;
    return { ...super.getConfig(), ...own };
  }

  private read(): ActivationValues {
    return Object.fromEntries(
      [...this.variables].map(([name, variable]) => [name, variable.read().dataSync()[0]]),
    );
  }

  private write(values: ActivationValues): void {
    tf.tidy(() => {
      for (const [name, value] of Object.entries(values)) this.variables.get(name)!.write(tf.scalar(value));
    });
  }
}

tf.serialization.registerClass(ActivationQuantizer);
