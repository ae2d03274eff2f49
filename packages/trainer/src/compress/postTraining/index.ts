/**
 * Compression after training. It is part of the trainer, which is where networks get their weights, beside the
 * compression that fine-tunes; but it has an entry of its own, `@apb/trainer/post-training`, as it needs no TensorFlow:
 * it takes and gives models of @apb/core, and what runs a network is handed to it, so that it depends on no runtime.
 */
export {
  type CalibrationData,
  compressModel,
  type PostTrainingLayer,
  type PostTrainingOptions,
  type PostTrainingProgress,
  type PostTrainingReport,
  relativeOutputError,
} from './compressModel.js';
export { restoreStatistics } from './restoreStatistics.js';
export type { Run } from './values.js';
