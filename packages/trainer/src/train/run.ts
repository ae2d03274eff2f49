import { setImmediate } from 'node:timers/promises';
import { InputError, writeModel } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { stepsPerEpoch } from '../data/batches.js';
import type { Split } from '../data/dataset.js';
import { constrainQuantizers } from '../models/initialise.js';
import { packCheckpoint, restoreCheckpoint } from './checkpoint.js';
import type { TrainConfig } from './config.js';
import { estimationBatches } from './estimation.js';
import { top1 } from './evaluate.js';
import { exportRun } from './exportRun.js';
import { checkFits } from './fits.js';
import type { Hook, Position } from './hooks/hook.js';
import { hooksOf } from './hooks/hooksOf.js';
import { inputShares } from './inputShares.js';
import { lessons } from './lessons.js';
import { compression, type EpochMetrics, imagesPerSecond, warnings } from './metrics.js';
import type { Gradients } from './optimizer.js';
import { type Optimizers, optimizersOf, stepAll } from './optimizersOf.js';
import { hasSeenHeldOut, type RunData } from './parts.js';
import type { TrainCallbacks, TrainResult } from './report.js';
import type { RunDirectory } from './runDirectory.js';
import { rateShare } from './schedule.js';
import { startFrom } from './startFrom.js';
import { trainStep } from './step.js';
import type { Teacher } from './teacher.js';

/** One run in this process. */
export class Run {
  private readonly optimizers: Optimizers;
  private readonly hooks: readonly Hook[];
  private readonly stepsPerEpoch: number;
  private metrics: EpochMetrics[] = [];

  constructor(
    private readonly config: TrainConfig,
    private readonly dataset: RunData,
    private readonly model: LayersModel,
    private readonly directory: RunDirectory,
    private readonly callbacks: TrainCallbacks,
    private readonly teacher?: Teacher,
  ) {
    this.optimizers = optimizersOf(model, config);
    this.hooks = hooksOf(model, config, () => estimationBatches(model, dataset, config));
    this.stepsPerEpoch = stepsPerEpoch(dataset.train.count, config.batchSize);
  }

  async finish(): Promise<TrainResult> {
    await this.begin();
    this.leaveEvaluation();
    for (const hook of this.hooks) hook.begin?.(this.position());
    while (this.metrics.length < this.config.epochs) {
      const metrics = await this.epoch(this.metrics.length);
      this.metrics.push(metrics);
      await this.save();
      this.leaveEvaluation();
      for (const warning of [...warnings(metrics), ...(this.dataset.warnings?.() ?? [])])
        this.callbacks.onWarning?.(warning);
      const { epochs } = this.config;
      this.callbacks.onProgress?.({ phase: 'epoch', epoch: metrics.epoch, epochs, metrics });
    }
    await this.directory.writeModel(await writeModel(exportRun(this.model, this.config, this.dataset)));
    return this.result();
  }

  dispose(): void {
    for (const optimizer of Object.values(this.optimizers.byName)) optimizer.dispose();
    for (const hook of this.hooks) hook.dispose?.();
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
    if (config.init) {
      const before = await startFrom(config.init, model, config, this.dataset, start);
      if (hasSeenHeldOut(config, before))
        this.callbacks.onWarning?.(
          `the run in ${config.init} held out other pictures, or none: it may have seen those that are held out now; train it with validation ${config.validation} and validationSeed ${config.validationSeed}`,
        );
    } else start();
    await directory.writeConfig(config);
    await directory.writeMetrics([]);
  }

  /** One pass over the training pictures, and an evaluation. @param index counted from 0 */
  private async epoch(index: number): Promise<EpochMetrics> {
    const started = performance.now();
    const { dataset, model } = this;
    const trained = await this.train(index);
    constrainQuantizers(model);
    for (const hook of this.hooks) await hook.beforeEvaluation?.(this.position(index + 1));
    const shown = { ...dataset, test: dataset.validation ?? dataset.test };
    return {
      epoch: index + 1,
      trainLoss: trained.loss,
      trainTop1: trained.top1,
      ...(await this.evaluate(index)),
      ...compression(model),
      ...Object.assign({}, ...this.hooks.map(hook => hook.metrics?.())),
      inputs: await inputShares(model, shown),
      imagesPerSecond: trained.imagesPerSecond,
      seconds: (performance.now() - started) / 1000,
    };
  }

  /** On what is held out; on test pictures where nothing is, or where nothing is left to choose. */
  private async evaluate(index: number): Promise<Pick<EpochMetrics, 'validationTop1' | 'testTop1'>> {
    const { validation, test } = this.dataset;
    const { epochs } = this.config;
    const { onProgress, signal } = this.callbacks;
    const judge = (phase: 'validation' | 'test', split: Split) => {
      const tell = (step: number, steps: number) =>
        onProgress?.({ phase, epoch: index + 1, epochs, step, steps });
      return top1(this.model, split, this.dataset, tell, signal);
    };
    if (!validation) return { testTop1: await judge('test', test) };
    const validationTop1 = await judge('validation', validation);
    return index + 1 < epochs ? { validationTop1 } : { validationTop1, testTop1: await judge('test', test) };
  }

  /** Training goes on with its own weights, after an epoch and in a resumed run alike. */
  private leaveEvaluation(): void {
    const { length } = this.metrics;
    if (length > 0 && length < this.config.epochs) for (const hook of this.hooks) hook.afterEvaluation?.();
  }

  private async train(index: number): Promise<{ loss: number; top1: number; imagesPerSecond: number }> {
    const { config, callbacks } = this;
    const batches = lessons(this.dataset, config, index, this.position(index).step);
    const distill = config.distill && this.teacher && { ...config.distill, teacher: this.teacher };
    const seconds: number[] = [];
    let [loss, correct, pictures] = [0, 0, 0];
    // Preparing the batch is part of a step.
    let started = performance.now();
    callbacks.signal?.throwIfAborted();
    for await (const batch of batches) {
      const position = this.position(index, seconds.length);
      for (const hook of this.hooks) hook.beforeStep?.(position);
      const update = (gradients: Gradients) => this.update(gradients, position);
      const step = trainStep(this.model, batch, this.optimizers.variables, update, distill);
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
    const adjusted = this.hooks.reduce((now, hook) => hook.adjust?.(now, position) ?? now, gradients);
    const share = rateShare(this.config.schedule, position.step, position.steps, this.stepsPerEpoch);
    stepAll(this.optimizers, adjusted, this.config, share);
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
  }

  private result(): TrainResult {
    const last = this.metrics[this.metrics.length - 1];
    const { testTop1, validationTop1, bitsPerWeight, fullPrecisionShare, imagesPerSecond, inputs } = last;
    const { epochs, engine } = this.config;
    return {
      top1: testTop1!,
      ...(validationTop1 !== undefined && { validationTop1 }),
      bitsPerWeight,
      fullPrecisionShare,
      epochs,
      imagesPerSecond,
      inputs,
      engine,
      out: this.directory.path,
    };
  }
}
