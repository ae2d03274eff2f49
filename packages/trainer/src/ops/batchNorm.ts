import * as tf from '@tensorflow/tfjs-core';
import { composed } from './batchNormComposed.js';
import { fused } from './batchNormFused.js';
import { kernel, registerKernel } from './kernel.js';

export interface BatchNormResult {
  /** The normalised input, of x's shape; differentiable in x, gamma and beta. */
  readonly y: tf.Tensor;
  /** [C], over all axes but the last. For running statistics: no gradient flows through it. */
  readonly mean: tf.Tensor1D;
  /** [C], of the population (divided by the count of rows). No gradient flows through it. */
  readonly variance: tf.Tensor1D;
}

const name = 'ApbBatchNormTrain';

/**
 * Batch normalisation by the statistics of the batch itself:
 *
 *     y = gamma * (x - mean) / sqrt(variance + epsilon) + beta
 *
 * The variance is the mean of (x - mean)^2, in a second pass: E[x^2] - mean^2 is off by up to 3 % in the gradients
 * of a deep net. It is a kernel with a gradient, not tf.customGrad, which cannot return the statistics as well.
 * @param x [N, H, W, C] or [N, C]  @param gamma [C]  @param beta [C]
 */
export function batchNormTrain(
  x: tf.Tensor,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): BatchNormResult {
  ensureKernel();
  const [y, mean, variance] = tf.engine().runKernel<tf.Tensor[]>(name, { x, gamma, beta }, { epsilon });
  return { y, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/** The batch norm of one kind of engine, on [.., C]; a row is everything but the last axis. */
export interface BatchNormMethod {
  /** @returns y (x's shape), mean [C], variance [C] */
  forward(x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D, epsilon: number): tf.Tensor[];
  /** @returns the gradients of x, gamma and beta, of their shapes */
  backward(
    dy: tf.Tensor,
    saved: Saved,
    epsilon: number,
  ): [dx: tf.Tensor, dgamma: tf.Tensor, dbeta: tf.Tensor];
}

/** What the backward pass needs of the forward one. */
interface Saved {
  readonly x: tf.Tensor;
  readonly gamma: tf.Tensor1D;
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

interface Inputs {
  readonly x: tf.Tensor;
  readonly gamma: tf.Tensor1D;
  readonly beta: tf.Tensor1D;
}

interface Attrs {
  readonly epsilon: number;
}

function method(): BatchNormMethod {
  return tf.getBackend() === 'tensorflow' ? fused : composed;
}

/** Registered for any backend at its first use, so that the op also works on one of the caller's own. */
function ensureKernel(): void {
  const backendName = tf.getBackend();
  if (tf.getKernel(name, backendName)) return;
  registerKernel(
    backendName,
    kernel(name, ({ x, gamma, beta }: Inputs, { epsilon }: Attrs) =>
      method().forward(x, gamma, beta, epsilon),
    ),
  );
  tf.registerGradient({
    kernelName: name,
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, true, true],
    gradFunc: (dys, [x, gamma, mean, variance], attrs) => {
      const saved = { x, gamma, mean, variance } as Saved;
      const { epsilon } = attrs as unknown as Attrs;
      const [dx, dgamma, dbeta] = tf.tidy(() => method().backward((dys as tf.Tensor[])[0], saved, epsilon));
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  });
}
