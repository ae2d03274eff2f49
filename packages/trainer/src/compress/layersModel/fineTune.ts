import { setImmediate } from 'node:timers/promises';
import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { constrainQuantizers } from '../../models/initialise.js';
import { bitsPerWeight } from '../../models/layerReport.js';
import { parameterGroups } from '../../models/parameterGroups.js';
import { Adam } from '../../train/adam.js';
import type { Hook, Position } from '../../train/hooks/hook.js';
import type { Gradients, Optimizer } from '../../train/optimizer.js';
import { cosine } from '../../train/schedule.js';
import { Sgd } from '../../train/sgd.js';
import { type BatchSource, batchesOf, inOrder, type LabelledBatch, noBatch, sizeOf } from './dataset.js';
import { hits, type Loss } from './loss.js';

/** How a compressed model learns on; the defaults are those of `trainRun` for pretrained weights. */
export interface FineTuneOptions {
  /** Passes over the data; default 1. */
  readonly epochs?: number;
  /** Of Adam, at the start of the cosine schedule; default 1e-3. */
  readonly learningRate?: number;
  /** Of alpha, delta and the intervals of activations, which take SGD; default 1e-2. */
  readonly quantizerLearningRate?: number;
  /** Decoupled, on kernels only; default 1e-2. */
  readonly weightDecay?: number;
  /** Told after every step; `steps` is that of one pass. */
  readonly onStep?: (progress: { epoch: number; step: number; steps: number; loss: number }) => void;
  readonly signal?: AbortSignal;
}

/** One pass over the data. */
export interface FineTuneEpoch {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean over the batches as they were learned from, regularisation included. */
  readonly loss: number;
  /** Share whose largest output is the class; absent where the loss is no cross-entropy over classes. */
  readonly accuracy?: number;
  readonly bitsPerWeight: number;
}

/** What a step moves, and the optimizers that move it. */
interface Steps {
  readonly variables: tf.Variable[];
  readonly weights: Optimizer;
  readonly quantizers: Optimizer;
}

/**
 * Trains a model in place, and leaves it as its hooks show it.
 * @param hooks started already
 * @throws InputError for data that are empty or do not fit, diverged training; the signal's reason once it is aborted
 */
export async function fineTune(
  model: LayersModel,
  data: BatchSource,
  loss: Loss,
  hooks: readonly Hook[],
  options: FineTuneOptions,
): Promise<FineTuneEpoch[]> {
  const { epochs = 1, learningRate = 1e-3, quantizerLearningRate = 1e-2 } = options;
  if (!Number.isSafeInteger(epochs) || epochs < 1)
    throw new InputError(`epochs must be an integer of at least 1, got ${epochs}`);
  const history: FineTuneEpoch[] = [];
  const perEpoch = await sizeOf(data);
  const position = (epoch: number, step: number): Position => ({
    step: epoch * perEpoch + step,
    steps: epochs * perEpoch,
    epoch,
    epochs,
  });
  const steps = stepsOf(model, options.weightDecay ?? 1e-2);
  try {
    for (const hook of hooks) hook.begin?.(position(0, 0));
    for (let epoch = 1; epoch <= epochs; epoch++) {
      let [step, total, correct, samples] = [0, 0, 0, 0];
      for await (const batch of batchesOf(data)) {
        options.signal?.throwIfAborted();
        const now = position(epoch - 1, step);
        const share = cosine(now.step, now.steps);
        for (const hook of hooks) hook.beforeStep?.(now);
        const result = trainStep(model, batch, loss, steps.variables, gradients => {
          const adjusted = hooks.reduce<Gradients>((g, hook) => hook.adjust?.(g, now) ?? g, gradients);
          steps.weights.step(adjusted, learningRate * share);
          steps.quantizers.step(adjusted, quantizerLearningRate * share);
        });
        step++;
        for (const hook of hooks) hook.afterStep?.(position(epoch - 1, step));
        if (!Number.isFinite(result.loss))
          throw new InputError(
            `training diverged: the loss is ${result.loss} in step ${step} of epoch ${epoch}; lower learningRate or quantizerLearningRate`,
          );
        total += result.loss;
        correct += result.correct;
        samples += result.samples;
        options.onStep?.({ epoch, step, steps: perEpoch, loss: result.loss });
        await setImmediate();
      }
      if (step === 0) throw noBatch();
      constrainQuantizers(model);
      for (const hook of hooks) hook.beforeEvaluation?.(position(epoch - 1, step));
      history.push({
        epoch,
        loss: total / step,
        ...(loss.classifies && { accuracy: correct / samples }),
        bitsPerWeight: bitsPerWeight(model),
      });
      if (epoch < epochs) for (const hook of hooks) hook.afterEvaluation?.();
    }
  } finally {
    steps.weights.dispose();
    steps.quantizers.dispose();
  }
  return history;
}

/** Weights with decay, everything else without; the quantizers' scalars with SGD at their own rate. */
function stepsOf(model: LayersModel, weightDecay: number): Steps {
  const { weights, others, alphas, deltas, bounds } = parameterGroups(model);
  const group = (name: string, variables: tf.Variable[], decay = 0) => ({
    name,
    variables,
    learningRateScale: 1,
    weightDecay: decay,
  });
  return {
    variables: [...weights, ...others, ...alphas, ...deltas, ...bounds],
    weights: new Adam([group('weights', weights, weightDecay), group('others', others)]),
    quantizers: new Sgd([group('alphas', alphas), group('deltas', deltas), group('bounds', bounds)]),
  };
}

interface StepResult {
  readonly loss: number;
  readonly correct: number;
  readonly samples: number;
}

function trainStep(
  model: LayersModel,
  { xs, ys }: LabelledBatch,
  loss: Loss,
  variables: tf.Variable[],
  update: (gradients: tf.NamedTensorMap) => void,
): StepResult {
  const inputs = inOrder(xs, model.inputNames, 'xs');
  const labels = inOrder(ys, model.outputNames, 'ys');
  const samples = inputs[0].shape[0];
  const figures = tf.tidy(() => {
    let outputs!: tf.Tensor[];
    const { value, grads } = tf.variableGrads(() => {
      const made = model.apply(inputs.length === 1 ? inputs[0] : inputs, { training: true });
      outputs = (Array.isArray(made) ? made : [made]).map(t => tf.keep(t as tf.Tensor));
      const penalties = model.calculateLosses();
      return tf.addN([tf.reshape(loss.mean(labels, outputs), []), ...penalties]) as tf.Scalar;
    }, variables);
    update(grads);
    const correct = loss.classifies ? hits(labels[0], outputs[0]) : tf.scalar(0);
    tf.dispose(outputs);
    return tf.stack([value, correct]);
  });
  const [value, correct] = figures.dataSync();
  figures.dispose();
  return { loss: value, correct, samples };
}
