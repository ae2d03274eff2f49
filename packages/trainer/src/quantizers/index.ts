export {
  type ActivationFunction,
  type ActivationOptions,
  activationFunction,
  type Bounds,
} from './activation.js';
export { type ApbOptions, apbQuantizer, quantizeApb } from './apb.js';
export { type BinaryOptions, binaryQuantizer, quantizeBinary, quantizeBinaryByMean } from './binary.js';
export { quantizeDorefa } from './dorefa.js';
export { type KbitOptions, kbitQuantizer } from './kbit.js';
export { quantizeLsq } from './lsq.js';
export { maskOf, type PruneOptions, pruneQuantizer, quantizePrune } from './prune.js';
export { type PruneKbitOptions, pruneKbitQuantizer } from './pruneKbit.js';
export type { Reduction } from './reduction.js';
export { quantizeSign, type SignOptions, signQuantizer } from './sign.js';
export { quantizeTernary, type TernaryOptions, ternaryQuantizer } from './ternary.js';
export { quantizeUniform, type UniformOptions, uniformActivationQuantizer } from './uniform.js';
export {
  type DeltaRule,
  defaultDeltaRule,
  type QuantizerParameter,
  type QuantizerValues,
  type StoredRows,
  type WeightQuantizer,
  type WeightQuantizerConfig,
  weightQuantizer,
} from './weight.js';
