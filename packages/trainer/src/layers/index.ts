export { ActivationQuantizer, type ActivationQuantizerArgs } from './activationQuantizer.js';
export { ApbConv2D, type ApbConv2DArgs } from './apbConv2d.js';
export { ApbDense, type ApbDenseArgs } from './apbDense.js';
export { ApbDepthwiseConv2D, type ApbDepthwiseConv2DArgs } from './apbDepthwiseConv2d.js';
export { BatchNorm, type BatchNormArgs } from './batchNorm.js';
export type { QuantizedKernel, QuantizedKernelArgs } from './quantizedKernel.js';
export { ShortcutA, type ShortcutAArgs } from './shortcutA.js';
export type { CompressedLayer } from './support.js';
