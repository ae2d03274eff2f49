import type { ActivationBits, Quantizer } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import {
  type ActivationFunction,
  type ActivationOptions,
  activationFunction,
  type Bounds,
} from '../quantizers/activation.js';
import { type CallArgs, type LayerInputs, onlyTensor } from './support.js';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

export interface ActivationQuantizerArgs extends LayerArgs, ActivationOptions {
  /** Start of the interval's upper end, see `defaultHi`; `calibrateActivations` fits it to data. */
  hi?: number;
  /** The interval's lower end, 0 by default; a start only where `uniform.learnLo` is set. */
  lo?: number;
}

/**
 * Upper ends with the least squared error for a rectified unit normal variable, what a batch norm and a ReLU
 * give: (2^bits - 1) times the half-wave Gaussian steps 0.538, 0.185 and 0.0155.
 */
const defaultHi: Record<ActivationBits, number> = { 1: 1, 2: 1.614, 4: 2.775, 8: 3.95 };

/**
 * Quantizes activations of any shape: signs for 1 bit, uniform codes on a learned interval for 2, 4 and 8 bits.
 * Stands directly in front of the compressed layer that takes its output. At inference its output is
 * `dequantizeValue(quantizeValue(x, q), encodingOf(q))` of core, bit for bit, q = `toQuantizer()`.
 */
export class ActivationQuantizer extends layers.Layer {
  static readonly className = 'ActivationQuantizer';
  readonly activation: ActivationFunction;
  private loVariable?: LayerVariable;
  private hiVariable?: LayerVariable;

  /** @throws InputError for unknown options */
  constructor(private readonly args: ActivationQuantizerArgs) {
    super(args);
    this.activation = activationFunction(args);
  }

  override build(): void {
    if (this.activation.learnsBounds) {
      const { bits, uniform, lo = 0, hi = defaultHi[bits] } = this.args;
      const constant = (value: number) => initializers.constant({ value });
      this.hiVariable = this.addWeight('hi', [], 'float32', constant(hi), undefined, true);
      this.loVariable = this.addWeight(
        'lo',
        [],
        'float32',
        constant(lo),
        undefined,
        uniform?.learnLo === true,
      );
    }
    this.built = true;
  }

  override computeOutputShape(inputShape: Parameters<layers.Layer['computeOutputShape']>[0]) {
    return inputShape;
  }

  override call(inputs: LayerInputs, _kwargs: CallArgs): tf.Tensor {
    return tf.tidy(() => {
      this.constrain();
      return this.activation.quantize(onlyTensor(inputs), this.loVariable?.read(), this.hiVariable?.read());
    });
  }

  /** Moves an interval that an optimizer's step has emptied to the nearest that is not. */
  constrain(): void {
    const now = this.read();
    const bounded = this.activation.constrain(now);
    if (bounded.lo !== now.lo || bounded.hi !== now.hi) this.write(bounded);
  }

  /** The present interval. */
  bounds(): Bounds {
    this.constrain();
    return this.read();
  }

  /** Fits the interval to a sample of the values that the layer will see. */
  calibrate(sample: Float32Array): void {
    this.write(this.activation.calibrate(sample, this.bounds().lo));
  }

  /** How the runtime computes this layer. */
  toQuantizer(): Quantizer {
    return this.activation.toQuantizer(this.bounds());
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { bits, sign, uniform, lo, hi } = this.args;
    const own = JSON.parse(JSON.stringify({ bits, sign, uniform, lo, hi })) as tf.serialization.ConfigDict;
    return { ...super.getConfig(), ...own };
  }

  private read(): Bounds {
    if (!this.hiVariable || !this.loVariable) return this.activation.constrain({ lo: 0, hi: 1 });
    return { lo: this.loVariable.read().dataSync()[0], hi: this.hiVariable.read().dataSync()[0] };
  }

  private write({ lo, hi }: Bounds): void {
    tf.tidy(() => {
      this.loVariable?.write(tf.scalar(lo));
      this.hiVariable?.write(tf.scalar(hi));
    });
  }
}

tf.serialization.registerClass(ActivationQuantizer);
