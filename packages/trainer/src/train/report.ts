import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Dataset } from '../data/dataset.js';
import type { InputShare } from './inputShares.js';
import type { EpochMetrics } from './metrics.js';

/** Told after every step of training and evaluating, and after every epoch. */
export type TrainProgress =
  | {
      readonly phase: 'train' | 'validation' | 'test';
      /** Counted from 1. */
      readonly epoch: number;
      readonly epochs: number;
      readonly step: number;
      readonly steps: number;
      /** While training: the step's loss, the present speed, and the time to the end of the run's training. */
      readonly loss?: number;
      readonly imagesPerSecond?: number;
      readonly etaSeconds?: number;
    }
  | {
      readonly phase: 'epoch';
      readonly epoch: number;
      readonly epochs: number;
      readonly metrics: EpochMetrics;
    };

export interface TrainCallbacks {
  onProgress?(progress: TrainProgress): void;
  /** Told what is out of the ordinary, once per epoch and thing. */
  onWarning?(warning: string): void;
  /** Stops the run between two steps; the last finished epoch stays. */
  readonly signal?: AbortSignal;
  /** Pictures to take in place of the data set that `data` names. */
  readonly dataset?: Dataset;
  /** A network to learn from, in place of the file that `distill` names: inputs as the data set's, one output. */
  readonly teacher?: LayersModel;
}

export interface TrainResult {
  /** Of the test pictures after the last epoch, 0 to 1. */
  readonly top1: number;
  /** Of the pictures that were held out. */
  readonly validationTop1?: number;
  readonly bitsPerWeight: number;
  readonly fullPrecisionShare: number;
  /** Epochs the run has in all. */
  readonly epochs: number;
  readonly imagesPerSecond: number;
  /** Quantized inputs and how one-sided they are on test pictures. */
  readonly inputs: readonly InputShare[];
  readonly engine: string;
  readonly out: string;
}
