import type { LayersModel } from '@tensorflow/tfjs-layers';
import { bitsPerWeight, type LayerReport, layerReport } from '../models/layerReport.js';
import type { InputShare } from './inputShares.js';

/** A line of metrics.jsonl. */
export interface EpochMetrics {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean loss over the epoch's training pictures as they were learned from, in nats. */
  readonly trainLoss: number;
  /** Share of them classified right, 0 to 1. */
  readonly trainTop1: number;
  /** Share of the held-out training pictures classified right after the epoch, 0 to 1; where there are any. */
  readonly validationTop1?: number;
  /** Of the test pictures; where pictures are held out, in the last epoch alone. */
  readonly testTop1?: number;
  /** Of the compressed layers, by the paper's accounting; 32 without any. */
  readonly bitsPerWeight: number;
  /** Share of the compressed layers' weights that are in full precision, 0 to 1; 1 without any. */
  readonly fullPrecisionShare: number;
  /** Batch size over the median step time, the first five steps left out. */
  readonly imagesPerSecond: number;
  /** Of the whole epoch, evaluation included. */
  readonly seconds: number;
  /** Per compressed layer: the share in full precision below and above the binarized interval, and delta. */
  readonly layers: readonly LayerMetrics[];
  /** Per quantized input: the share of its most frequent sign or code. */
  readonly inputs: readonly InputShare[];
}

export interface LayerMetrics {
  readonly layer: string;
  readonly below: number;
  readonly above: number;
  readonly alpha: number | null;
  readonly delta: number | null;
}

/** Above this share a layer is no longer mostly binary (arXiv 2306.08960 keeps to a few per cent). */
const SHARE_LIMIT = 0.2;

/** The memory figures of a model. */
export function compression(
  model: LayersModel,
): Pick<EpochMetrics, 'bitsPerWeight' | 'fullPrecisionShare' | 'layers'> {
  const layers = layerReport(model);
  const weights = layers.reduce((n, layer) => n + layer.weights, 0);
  const full = layers.reduce((n, layer) => n + layer.below + layer.above, 0);
  return {
    bitsPerWeight: bitsPerWeight(model),
    fullPrecisionShare: weights === 0 ? 1 : full / weights,
    layers: layers.map(layerMetrics),
  };
}

/** What is out of the ordinary in an epoch's metrics, a line each. */
export function warnings({ layers, inputs }: EpochMetrics): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    ...layers
      // What pruning keeps has no interval and is no fault.
      .filter(({ below, above, delta }) => delta !== null && below + above > SHARE_LIMIT)
      .map(
        ({ layer, below, above }) =>
          `layer ${layer} keeps ${percent(below + above)} of its weights in full precision (0 to ${percent(SHARE_LIMIT)} is usual); lower quantizerLearningRate or start delta wider`,
      ),
    ...inputs
      .filter(({ largestShare }) => largestShare > 0.99)
      .map(
        ({ layer, largestShare }) =>
          `${percent(largestShare)} of the values that ${layer} quantizes are equal: the layer behind it learns nothing`,
      ),
  ];
}

/** Batch size over the median time of the steps after the first five, or of all where there are fewer than six. */
export function imagesPerSecond(batchSize: number, stepSeconds: readonly number[]): number {
  const counted = (stepSeconds.length < 6 ? stepSeconds : stepSeconds.slice(5)).toSorted((a, b) => a - b);
  const middle = counted.length >> 1;
  const median = counted.length % 2 ? counted[middle] : (counted[middle - 1] + counted[middle]) / 2;
  return batchSize / median;
}

/** The mean alpha stands for alphas per channel; no alpha and an infinite delta are null, which JSON can hold. */
function layerMetrics({ name, weights, below, above, alpha, delta }: LayerReport): LayerMetrics {
  return {
    layer: name,
    below: below / weights,
    above: above / weights,
    alpha: alpha.length === 0 ? null : alpha.reduce((a, b) => a + b, 0) / alpha.length,
    delta: Number.isFinite(delta) ? delta : null,
  };
}
