import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { batchNormTrain } from '../ops/batchNorm.js';
import { type CallArgs, type LayerInputs, onlyTensor } from './support.js';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

export interface BatchNormArgs extends LayerArgs {
  /** Share of the old running statistics that a training step keeps. */
  momentum?: number;
  epsilon?: number;
}

/**
 * Batch normalisation over the last axis, input [..., C].
 *
 * Training: by the batch's mean and (biased) variance, running statistics follow with
 * `running = momentum * running + (1 - momentum) * batch`.
 * Inference, in float32: `scale = gamma / sqrt(variance + epsilon)`, `shift = beta - mean * scale`,
 * `y = x * scale + shift`: core's `foldEpilogue` but for its float64 constants.
 */
export class BatchNorm extends layers.Layer {
  static readonly className = 'BatchNorm';
  readonly epsilon: number;
  momentum: number;
  private gamma!: LayerVariable;
  private beta!: LayerVariable;
  private mean!: LayerVariable;
  private variance!: LayerVariable;

  constructor(args: BatchNormArgs = {}) {
    super(args);
    this.momentum = args.momentum ?? 0.9;
    this.epsilon = args.epsilon ?? 1e-5;
  }

  override build(inputShape: Parameters<layers.Layer['build']>[0]): void {
    const shape = [(inputShape as number[])[inputShape.length - 1]];
    const [zeros, ones] = [initializers.zeros(), initializers.ones()];
    this.gamma = this.addWeight('gamma', shape, 'float32', ones, undefined, true);
    this.beta = this.addWeight('beta', shape, 'float32', zeros, undefined, true);
    this.mean = this.addWeight('moving_mean', shape, 'float32', zeros, undefined, false);
    this.variance = this.addWeight('moving_variance', shape, 'float32', ones, undefined, false);
    this.built = true;
  }

  override computeOutputShape(inputShape: Parameters<layers.Layer['computeOutputShape']>[0]) {
    return inputShape;
  }

  override call(inputs: LayerInputs, kwargs: CallArgs): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const [gamma, beta] = [this.gamma.read(), this.beta.read()] as tf.Tensor1D[];
      if (kwargs?.training) {
        const { y, mean, variance } = batchNormTrain(x, gamma, beta, this.epsilon);
        this.follow(this.mean, mean);
        this.follow(this.variance, variance);
        return y;
      }
      const scale = tf.div(gamma, tf.sqrt(tf.add(this.variance.read(), this.epsilon)));
      const shift = tf.sub(beta, tf.mul(this.mean.read(), scale));
      return tf.add(tf.mul(x, scale), shift);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), momentum: this.momentum, epsilon: this.epsilon };
  }

  private follow(running: LayerVariable, batch: tf.Tensor): void {
    const old = running.read();
    running.write(tf.add(tf.mul(old, this.momentum), tf.mul(batch, 1 - this.momentum)));
  }
}

tf.serialization.registerClass(BatchNorm);
