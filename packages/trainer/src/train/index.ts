export { Adam, type AdamOptions } from './adam.js';
export type { TrainConfig, TrainOptions } from './config.js';
export { top1 } from './evaluate.js';
export { type InputShare, inputShares } from './inputShares.js';
export type { EpochMetrics, LayerMetrics } from './metrics.js';
export { type Gradients, type Group, Optimizer } from './optimizer.js';
export { cosine } from './schedule.js';
export { Sgd, type SgdOptions } from './sgd.js';
export { type TrainCallbacks, type TrainProgress, type TrainResult, trainRun } from './trainRun.js';
