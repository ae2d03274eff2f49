import type { WeightMode } from '../models/blocks.js';
import { defaultDeltaRule } from '../quantizers/weight.js';
import type { TrainConfig } from './settings.js';

/** What the recommended settings depend on. */
export interface Situation {
  readonly model: string;
  readonly data: string;
  readonly weights: WeightMode;
  /** The run whose weights it starts from. */
  readonly init?: string;
  readonly ema?: number;
  readonly bitsPerWeight?: number;
}

type Recommended = Pick<
  TrainConfig,
  | 'validationSeed'
  | 'gradientReduction'
  | 'deltaRule'
  | 'epochs'
  | 'batchSize'
  | 'optimizer'
  | 'momentum'
  | 'learningRate'
  | 'quantizerOptimizer'
  | 'quantizerLearningRate'
  | 'weightDecay'
  | 'labelSmoothing'
  | 'augment'
  | 'reestimateBatchNorm'
  | 'seed'
>;

/**
 * Recommended settings, with the reasons:
 *
 * - Adam at 2e-3: a sign flips when its latent weight crosses 0, and Adam's step of about the learning rate makes
 *   that happen at one pace in every layer, whatever the scale of its gradients; SGD needs a rate per layer for
 *   it. It learns in the few epochs that a CPU affords, at any width of the activations.
 * - From pretrained weights a third of the epochs and half the rate are enough.
 * - Weight decay pulls latent weights into the binarized interval (Nardini et al., arXiv 2306.08960, use it to
 *   steer the share in full precision). Decoupled, it takes learningRate * weightDecay of a weight a step.
 * - alpha, delta and bounds take SGD at a small rate: their gradient is a mean over the layer, and Adam would
 *   blow the smallest up to full steps, which empties the interval.
 * - The MNIST network is at 98.6 % top-1 after one epoch, full precision or APB from it, in a minute on one core.
 * - delta starts at 3 standard deviations, as in the paper: nearly plain binary, about 1.0 bits a weight.
 *   `deltaRule: {rule: percentile, percent: 99}` keeps about 1 % of the weights in full precision instead.
 * - alpha and delta are not frozen: with the `mean` reduction they hardly move in the few epochs of these recipes.
 * - Statistics of batch norms are estimated anew where what is evaluated differs from what trained: the mean of the
 *   weights, and masks that a budget or a schedule has just moved.
 * - Digits must not be mirrored; photographs may.
 */
export function defaultsFor({ model, data, weights, init, ema, bitsPerWeight }: Situation): Recommended {
  const prunes = weights === 'prune' || weights === 'prune-kbit';
  const pretrained = init !== undefined;
  return {
    validationSeed: 1,
    gradientReduction: 'mean',
    deltaRule: defaultDeltaRule,
    epochs: model === 'mnist-cnn' ? 1 : pretrained ? 10 : 30,
    batchSize: 64,
    optimizer: 'adam',
    momentum: 0.9,
    learningRate: pretrained ? 1e-3 : 2e-3,
    quantizerOptimizer: 'sgd',
    quantizerLearningRate: 1e-2,
    weightDecay: { compressed: 1e-2, other: 1e-2, rest: 0 },
    labelSmoothing: 0,
    augment: data === 'cifar10' || data.startsWith('imagefolder:'),
    reestimateBatchNorm: ema !== undefined || prunes || bitsPerWeight !== undefined,
    seed: 1,
  };
}
