import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { type CallArgs, type LayerInputs, onlyTensor } from './support.js';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

export interface ShortcutAArgs extends LayerArgs {
  /** Output channels, at least the input's. */
  filters: number;
  /** Every strides-th pixel in both directions is kept, starting at the first. */
  strides: number;
}

/**
 * The parameter-free shortcut of CIFAR ResNets (option A of He et al., arXiv 1512.03385): subsampling, then zero
 * channels, half before and half after. [N, H, W, C] -> [N, ceil(H / strides), ceil(W / strides), filters].
 */
export class ShortcutA extends layers.Layer {
  static readonly className = 'ShortcutA';
  readonly filters: number;
  readonly strides: number;

  constructor(args: ShortcutAArgs) {
    super(args);
    this.filters = args.filters;
    this.strides = args.strides;
  }

  /** Zero channels before and after `inChannels` input channels. */
  channelPads(inChannels: number): { before: number; after: number } {
    const total = this.filters - inChannels;
    if (total < 0)
      throw new InputError(
        `layer ${this.name}: ${this.filters} filters are fewer than the input's ${inChannels} channels`,
      );
    return { before: total >> 1, after: total - (total >> 1) };
  }

  override computeOutputShape(inputShape: Parameters<layers.Layer['computeOutputShape']>[0]) {
    const [batch, height, width, channels] = inputShape as (number | null)[];
    this.channelPads(channels!);
    const kept = (size: number | null) => size && Math.ceil(size / this.strides);
    return [batch, kept(height), kept(width), this.filters];
  }

  override call(inputs: LayerInputs, _kwargs: CallArgs): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs) as tf.Tensor4D;
      const { before, after } = this.channelPads(x.shape[3]);
      return tf.pad(subsample(x, this.strides), [
        [0, 0],
        [0, 0],
        [0, 0],
        [before, after],
      ]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), filters: this.filters, strides: this.strides };
  }
}

/** Every s-th pixel by reshape and slice: stridedSlice has no gradient in TensorFlow.js. */
function subsample(x: tf.Tensor4D, s: number): tf.Tensor4D {
  if (s === 1) return x;
  const [n, h, w, c] = x.shape;
  const [rows, columns] = [Math.ceil(h / s), Math.ceil(w / s)];
  const whole = tf.pad(x, [
    [0, 0],
    [0, rows * s - h],
    [0, columns * s - w],
    [0, 0],
  ]);
  // [n*rows, s, columns, s*c]: the kept pixel is the first of axis 1 and the first c of axis 3.
  const split = tf.reshape(whole, [n * rows, s, columns, s * c]);
  return tf.reshape(tf.slice(split, [0, 0, 0, 0], [n * rows, 1, columns, c]), [n, rows, columns, c]);
}

tf.serialization.registerClass(ShortcutA);
