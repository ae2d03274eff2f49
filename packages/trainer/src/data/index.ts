export { augment } from './augment.js';
export { type Batch, batches, epochOrder, trainingBatches } from './batches.js';
export { cacheFolder } from './cache.js';
export { datasetNames } from './catalog.js';
export { type Dataset, firstOf, type Split } from './dataset.js';
export { type FetchedDataset, type FetchOptions, fetchDataset } from './fetch.js';
export { parseIdx } from './idx.js';
export { loadDataset } from './load.js';
export type { FetchProgress } from './spec.js';
