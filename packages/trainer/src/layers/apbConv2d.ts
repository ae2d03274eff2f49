import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { placeholder, QuantizedKernel, type QuantizedKernelArgs } from './quantizedKernel.js';
import { type CallArgs, type CompressedLayer, type LayerInputs, onlyTensor } from './support.js';

type Conv2DLayer = ReturnType<typeof layers.conv2d>;
type Conv2DArgs = Parameters<typeof layers.conv2d>[0];

/** tf.layers does not export the class itself; the name keeps the throwaway instance out of its name counters. */
const Conv2D = layers.conv2d({ filters: 1, kernelSize: 1, name: 'template' }).constructor as {
  new (args: Conv2DArgs): Conv2DLayer;
  fromConfig: typeof layers.Layer.fromConfig;
};

export type ApbConv2DArgs = Conv2DArgs & QuantizedKernelArgs;

/**
 * tf.layers.conv2d with quantized weights: takes its arguments (channels last only), stands in its place, and
 * adds the quantizer's parameters (`alpha` and `delta` for APB) behind kernel and bias. Input [N, H, W, C].
 */
export class ApbConv2D extends Conv2D implements CompressedLayer {
  static readonly className = 'ApbConv2D';
  readonly weightQuantizer: QuantizedKernel;

  /** @throws InputError for channels-first data or an unknown quantizer option */
  constructor(args: ApbConv2DArgs) {
    const { quantizer, deltaRule, ...rest } = args;
    super(rest);
    if (this.dataFormat !== 'channelsLast')
      throw new InputError(`layer ${this.name}: only dataFormat "channelsLast" is supported`);
    this.weightQuantizer = new QuantizedKernel(this, { quantizer, deltaRule });
  }

  override build(inputShape: Parameters<Conv2DLayer['build']>[0]): void {
    super.build(inputShape);
    const [kh, kw, channels, filters] = this.kernel.shape as number[];
    this.weightQuantizer.build(this.kernel, [filters, kh, kw, channels], (name, shape, trainable) =>
      this.addWeight(name, shape, 'float32', placeholder, undefined, trainable),
    );
  }

  override call(inputs: LayerInputs, kwargs: CallArgs): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs) as tf.Tensor4D;
      const wHat = this.weightQuantizer.quantized(kwargs?.training === true) as tf.Tensor4D;
      const [strides, dilations] = [this.strides, this.dilationRate] as [number, number][];
      const y = tf.conv2d(x, wHat, strides, this.padding as 'same' | 'valid', 'NHWC', dilations);
      const biased = this.bias ? tf.add(y, this.bias.read()) : y;
      return this.activation ? this.activation.apply(biased) : biased;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      ...(this.weightQuantizer.config() as unknown as tf.serialization.ConfigDict),
    };
  }
}

tf.serialization.registerClass(ApbConv2D);
