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
