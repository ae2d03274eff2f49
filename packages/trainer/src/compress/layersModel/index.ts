export {
  type Compressed,
  type CompressedLayerReport,
  type CompressOptions,
  type CompressReport,
  compress,
} from './compress.js';
export type { BatchSource, LabelledBatch, Tensors } from './dataset.js';
export type { FineTuneEpoch, FineTuneOptions } from './fineTune.js';
export type { LossFunction, LossName } from './loss.js';
export type { Keep } from './plan.js';
