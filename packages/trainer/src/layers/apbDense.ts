import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { placeholder, QuantizedKernel, type QuantizedKernelArgs } from './quantizedKernel.js';
import { type CallArgs, type CompressedLayer, type LayerInputs, onlyTensor } from './support.js';

type DenseLayer = ReturnType<typeof layers.dense>;
type DenseArgs = Parameters<typeof layers.dense>[0];

/** tf.layers does not export the class itself; the name keeps the throwaway instance out of its name counters. */
const Dense = layers.dense({ units: 1, name: 'template' }).constructor as {
  new (args: DenseArgs): DenseLayer;
  fromConfig: typeof layers.Layer.fromConfig;
};

/** Fields that tf.layers declares private. */
interface DenseFields {
  readonly kernel: LayerVariable;
  readonly bias?: LayerVariable;
  readonly activation?: { apply(x: tf.Tensor): tf.Tensor };
}

export type ApbDenseArgs = DenseArgs & QuantizedKernelArgs;

/**
 * tf.layers.dense with quantized weights: takes its arguments, stands in its place, and adds the quantizer's
 * parameters (`alpha` and `delta` for APB) behind kernel and bias. Input [..., k], output [..., units].
 */
export class ApbDense extends Dense implements CompressedLayer {
  static readonly className = 'ApbDense';
  readonly weightQuantizer: QuantizedKernel;

  /** @throws InputError for an unknown quantizer option */
  constructor(args: ApbDenseArgs) {
    const { quantizer, deltaRule, ...rest } = args;
    super(rest);
    this.weightQuantizer = new QuantizedKernel(this, { quantizer, deltaRule });
  }

  override build(inputShape: Parameters<DenseLayer['build']>[0]): void {
    super.build(inputShape);
    const { kernel } = this.fields;
    const [k, units] = kernel.shape as number[];
    this.weightQuantizer.build(kernel, [units, k], (name, shape, trainable) =>
      this.addWeight(name, shape, 'float32', placeholder, undefined, trainable),
    );
  }

  override call(inputs: LayerInputs, kwargs: CallArgs): tf.Tensor {
    return tf.tidy(() => {
      const { bias, activation } = this.fields;
      const x = onlyTensor(inputs);
      const wHat = this.weightQuantizer.quantized(kwargs?.training === true) as tf.Tensor2D;
      const rows = tf.reshape(x, [-1, wHat.shape[0]]) as tf.Tensor2D;
      const y = tf.reshape(tf.matMul(rows, wHat), [...x.shape.slice(0, -1), wHat.shape[1]]);
      const biased = bias ? tf.add(y, bias.read()) : y;
      return activation ? activation.apply(biased) : biased;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      ...(this.weightQuantizer.config() as unknown as tf.serialization.ConfigDict),
    };
  }

  private get fields(): DenseFields {
    return this as unknown as DenseFields;
  }
}

tf.serialization.registerClass(ApbDense);
