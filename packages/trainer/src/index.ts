export * from './data/index.js';
export { type EngineName, type EngineReport, engineNames, type SelectedEngine } from './engines/engine.js';
export { probeEngines, selectEngine } from './engines/select.js';
export * from './export/index.js';
export * from './layers/index.js';
export * from './models/index.js';
export { type BatchNormResult, batchNormTrain } from './ops/batchNorm.js';
export { registerOps } from './ops/register.js';
export * from './quantizers/index.js';
