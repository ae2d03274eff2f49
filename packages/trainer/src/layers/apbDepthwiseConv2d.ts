import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { placeholder, QuantizedKernel, type QuantizedKernelArgs } from './quantizedKernel.js';
import { type CallArgs, type CompressedLayer, type LayerInputs, onlyTensor } from './support.js';

type DepthwiseLayer = ReturnType<typeof layers.depthwiseConv2d>;
type DepthwiseArgs = Parameters<typeof layers.depthwiseConv2d>[0];

/** tf.layers does not export the class itself; the name keeps the throwaway instance out of its name counters. */
const DepthwiseConv2D = layers.depthwiseConv2d({ kernelSize: 1, name: 'template' }).constructor as {
  new (args: DepthwiseArgs): DepthwiseLayer;
  fromConfig: typeof layers.Layer.fromConfig;
};

/** Fields that tf.layers declares private. */
interface DepthwiseFields {
  readonly depthwiseKernel: LayerVariable;
  readonly depthMultiplier: number;
}

export type ApbDepthwiseConv2DArgs = DepthwiseArgs & QuantizedKernelArgs;

/**
 * tf.layers.depthwiseConv2d with quantized weights: takes its arguments (channels last only), stands in its place,
 * and adds the quantizer's parameters behind kernel and bias. Input [N, H, W, C], output C * depthMultiplier
 * channels, each of which counts as an output channel of the quantizer.
 *
 * `dilationRate` works here; tf.layers' own layer takes it and does not apply it.
 */
export class ApbDepthwiseConv2D extends DepthwiseConv2D implements CompressedLayer {
  static readonly className = 'ApbDepthwiseConv2D';
  readonly weightQuantizer: QuantizedKernel;

  /** @throws InputError for channels-first data or an unknown quantizer option */
  constructor(args: ApbDepthwiseConv2DArgs) {
    const { quantizer, deltaRule, ...rest } = args;
    super(rest);
    if (this.dataFormat !== 'channelsLast')
      throw new InputError(`layer ${this.name}: only dataFormat "channelsLast" is supported`);
    this.weightQuantizer = new QuantizedKernel(this, { quantizer, deltaRule });
  }

  override build(inputShape: Parameters<DepthwiseLayer['build']>[0]): void {
    super.build(inputShape);
    const { depthwiseKernel } = this.fields;
    const [kh, kw, channels, multiplier] = depthwiseKernel.shape as number[];
    this.weightQuantizer.build(
      depthwiseKernel,
      [channels * multiplier, kh, kw, 1],
      (name, shape, trainable) => this.addWeight(name, shape, 'float32', placeholder, undefined, trainable),
    );
  }

  override computeOutputShape(inputShape: Parameters<DepthwiseLayer['computeOutputShape']>[0]) {
    const [batch, height, width, channels] = inputShape as (number | null)[];
    const size = (length: number | null, axis: number) => {
      if (length === null) return null;
      const span = this.padding === 'same' ? 1 : this.dilationRate[axis] * (this.kernelSize[axis] - 1) + 1;
      return Math.ceil((length - span + 1) / this.strides[axis]);
    };
    return [batch, size(height, 0), size(width, 1), channels! * this.fields.depthMultiplier];
  }

  override call(inputs: LayerInputs, kwargs: CallArgs): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs) as tf.Tensor4D;
      const wHat = this.weightQuantizer.quantized(kwargs?.training === true) as tf.Tensor4D;
      const [strides, dilations] = [this.strides, this.dilationRate] as [number, number][];
      const y = tf.depthwiseConv2d(x, wHat, strides, this.padding as 'same' | 'valid', 'NHWC', dilations);
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

  private get fields(): DepthwiseFields {
    return this as unknown as DepthwiseFields;
  }
}

tf.serialization.registerClass(ApbDepthwiseConv2D);
