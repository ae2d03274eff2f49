import { setImmediate } from 'node:timers/promises';
import { InputError, writeModel } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { stepsPerEpoch, trainingBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { exportModel } from '../export/exportModel.js';
import { constrainQuantizers } from '../models/initialise.js';
import { packCheckpoint, restoreCheckpoint } from './checkpoint.js';
import type { TrainConfig } from './config.js';
import { top1 } from './evaluate.js';
import type { Hook, Position } from './hooks/hook.js';
import { hooksOf } from './hooks/hooksOf.js';
import { inputShares } from './inputShares.js';
import { compression, type EpochMetrics, imagesPerSecond, warnings } from './metrics.js';
import type { Gradients } from './optimizer.js';
import { type Optimizers, optimizersOf } from './optimizersOf.js';
import type { TrainCallbacks, TrainResult } from './report.js';
import type { RunDirectory } from './runDirectory.js';
import { cosine } from './schedule.js';
import { startFrom } from './startFrom.js';
import { trainStep } from './step.js';

/** One run in this process. */
export class Run {
  private readonly optimizers: Optimizers;
  private readonly hooks: readonly Hook[];
  private readonly stepsPerEpoch: number;
  private metrics: EpochMetrics[] = [];

  constructor(
    private readonly config: TrainConfig,
    private readonly dataset: Dataset,
    private readonly model: LayersModel,
    private readonly directory: RunDirectory,
    private readonly callbacks: TrainCallbacks,
  ) {
    this.optimizers = optimizersOf(model, config);
    this.hooks = hooksOf(model, config);
    this.stepsPerEpoch = stepsPerEpoch(dataset.train.count, config.batchSize);
  }

  async finish(): Promise<TrainResult> {
    await this.begin();
    for (const hook of this.hooks) hook.begin?.(this.position());
    while (this.metrics.length < this.config.epochs) {
      const metrics = await this.epoch(this.metrics.length);
      this.metrics.push(metrics);
      await this.save();
      for (const warning of [...warnings(metrics), ...(this.dataset.warnings?.() ?? [])])
        this.callbacks.onWarning?.(warning);
      const { epochs } = this.config;
      this.callbacks.onProgress?.({ phase: 'epoch', epoch: metrics.epoch, epochs, metrics });
    }
    await this.directory.writeModel(await writeModel(this.exported()));
    return this.result();
  }

  dispose(): void {
    for (const optimizer of Object.values(this.optimizers.byName)) optimizer.dispose();
    this.model.dispose();
  }

  /** Goes on from the checkpoint, or starts and leaves a mark that there is a run. */
  private async begin(): Promise<void> {
    const { config, model, directory } = this;
    checkFits(config.model, model, this.dataset);
    const checkpoint = await directory.readCheckpoint();
    if (checkpoint) {
      this.metrics = await restoreCheckpoint(checkpoint, directory.checkpointPath, {
        model,
        optimizers: this.optimizers.byName,
        hooks: this.hooks,
      });
      // The kill may have come between checkpoint and metrics.
      await directory.writeMetrics(this.metrics);
      return;
    }
    const start = () => {
      for (const hook of this.hooks) hook.start?.();
    };
    if (config.init) await startFrom(config.init, model, config, this.dataset, start);
    else start();
    await directory.writeConfig(config);
    await directory.writeMetrics([]);
  }

  /** One pass over the training pictures and one over the test pictures. @param index counted from 0 */
  private async epoch(index: number): Promise<EpochMetrics> {
    const started = performance.now();
    const { config, dataset, model, callbacks } = this;
    const trained = await this.train(index);
    constrainQuantizers(model);
    for (const hook of this.hooks) hook.beforeEvaluation?.(this.position(index + 1));
    const position = { epoch: index + 1, epochs: config.epochs };
    const testTop1 = await top1(
      model,
      dataset.test,
      dataset,
      (step, steps) => callbacks.onProgress?.({ phase: 'test', ...position, step, steps }),
      callbacks.signal,
    );
    return {
      epoch: index + 1,
      trainLoss: trained.loss,
      trainTop1: trained.top1,
      testTop1,
      ...compression(model),
      ...Object.assign({}, ...this.hooks.map(hook => hook.metrics?.())),
      inputs: await inputShares(model, dataset),
      imagesPerSecond: trained.imagesPerSecond,
      seconds: (performance.now() - started) / 1000,
    };
  }

  private async train(index: number): Promise<{ loss: number; top1: number; imagesPerSecond: number }> {
    const { config, callbacks } = this;
    const batches = trainingBatches(this.dataset, {
      batchSize: config.batchSize,
      seed: config.seed,
      epoch: index,
      augmented: config.augment,
    });
    const seconds: number[] = [];
    let [loss, correct, pictures] = [0, 0, 0];
    // Preparing the batch is part of a step.
    let started = performance.now();
    callbacks.signal?.throwIfAborted();
    for await (const batch of batches) {
      const position = this.position(index, seconds.length);
      for (const hook of this.hooks) hook.beforeStep?.(position);
      const step = trainStep(this.model, batch, this.optimizers.variables, gradients =>
        this.update(gradients, position),
      );
      for (const hook of this.hooks) hook.afterStep?.(position);
      if (!Number.isFinite(step.loss))
        throw new Error(
          `training diverged: the loss is ${step.loss} in step ${seconds.length + 1} of epoch ${index + 1}; lower learningRate or quantizerLearningRate`,
        );
      seconds.push((performance.now() - started) / 1000);
      loss += step.loss * batch.count;
      correct += step.correct;
      pictures += batch.count;
      this.tell(index, seconds, step.loss);
      await setImmediate();
      callbacks.signal?.throwIfAborted();
      started = performance.now();
    }
    if (pictures === 0)
      throw new InputError(`not one training picture of ${this.dataset.name} can be read; look at its files`);
    return {
      loss: loss / pictures,
      top1: correct / pictures,
      imagesPerSecond: imagesPerSecond(pictures / seconds.length, seconds),
    };
  }

  private update(gradients: Gradients, position: Position): void {
    const { warmupEpochs, learningRate, quantizerLearningRate } = this.config;
    const adjusted = this.hooks.reduce((now, hook) => hook.adjust?.(now, position) ?? now, gradients);
    const share = cosine(position.step, position.steps, Math.round(warmupEpochs * this.stepsPerEpoch));
    const { weights, scales, bounds } = this.optimizers.byName;
    weights.step(adjusted, learningRate * share);
    bounds.step(adjusted, quantizerLearningRate * share);
    scales.step(adjusted, quantizerLearningRate * share);
  }

  /** @param epoch finished epochs  @param step steps done in the next one */
  private position(epoch = this.metrics.length, step = 0): Position {
    const { epochs } = this.config;
    return {
      step: epoch * this.stepsPerEpoch + step,
      steps: epochs * this.stepsPerEpoch,
      epoch,
      epochs,
    };
  }

  private tell(index: number, seconds: readonly number[], loss: number): void {
    const { config, stepsPerEpoch } = this;
    const [epochs, step] = [config.epochs, seconds.length];
    const speed = imagesPerSecond(Math.min(config.batchSize, this.dataset.train.count), seconds);
    const left = (epochs - index) * stepsPerEpoch - step;
    this.callbacks.onProgress?.({
      phase: 'train',
      epoch: index + 1,
      epochs,
      step,
      steps: stepsPerEpoch,
      loss,
      imagesPerSecond: speed,
      etaSeconds: (left * config.batchSize) / speed,
    });
  }

  /** The checkpoint first: what it holds, the other files can be made from. */
  private async save(): Promise<void> {
    const state = { model: this.model, optimizers: this.optimizers.byName, hooks: this.hooks };
    await this.directory.writeCheckpoint(await packCheckpoint(state, this.metrics));
    await this.directory.writeMetrics(this.metrics);
    for (const hook of this.hooks) hook.afterEvaluation?.();
  }

  private exported() {
    const { model, weights, activations, epochs, seed, optimizer } = this.config;
    const data = this.dataset.name;
    const provenance = { model, data, weights, activations, epochs, seed, optimizer };
    const { shape, mean, std, classes, resize = { rule: 'exact' } } = this.dataset;
    return exportModel(this.model, {
      input: { shape, mean, std, resize },
      classes,
      provenance: Object.fromEntries(Object.entries(provenance).map(([key, value]) => [key, String(value)])),
    });
  }

  private result(): TrainResult {
    const last = this.metrics[this.metrics.length - 1];
    const { testTop1, bitsPerWeight, fullPrecisionShare, imagesPerSecond, inputs } = last;
    const { epochs, engine } = this.config;
    const out = this.directory.path;
    return {
      top1: testTop1,
      bitsPerWeight,
      fullPrecisionShare,
      epochs,
      imagesPerSecond,
      inputs,
      engine,
      out,
    };
  }
}

function checkFits(
  name: string,
  model: LayersModel,
  { name: data, shape, classes, train, test }: Dataset,
): void {
  const takes = model.inputs[0].shape.slice(1);
  if (String(takes) !== String(shape))
    throw new InputError(
      `${name} takes pictures of ${takes.join('x')}, ${data} has ${shape.join('x')}; choose another model`,
    );
  const gives = model.outputs[0].shape[1];
  if (gives !== classes.length)
    throw new InputError(
      `${name} tells ${gives} classes apart, ${data} has ${classes.length}; choose another model`,
    );
  if (train.count === 0 || test.count === 0) throw new InputError(`${data} has no pictures`);
}
