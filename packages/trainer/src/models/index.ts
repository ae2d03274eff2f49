export { type ModelOptions, type WeightMode, weightModes } from './blocks.js';
export { buildModel, modelNames } from './buildModel.js';
export { calibrateActivations } from './calibrateActivations.js';
export { constrainQuantizers, initialiseQuantizers } from './initialise.js';
export { bitsPerWeight, type LayerReport, layerReport } from './layerReport.js';
export { type ParameterGroups, parameterGroups } from './parameterGroups.js';
export { reestimateBatchNorm } from './reestimateBatchNorm.js';
export { transferWeights } from './transferWeights.js';
export { activationQuantizers, allLayers, compressedLayers } from './walk.js';
