export {
  type ActivationBackward,
  type ActivationFunction,
  type ActivationOptions,
  type ActivationParameter,
  type ActivationQuantizerName,
  type ActivationValues,
  activationBackwards,
  activationFunction,
  activationOptions,
  activationQuantizerNames,
  type Bounds,
} from './activation.js';
export { type ApbOptions, apbQuantizer, quantizeApb } from './apb.js';
export { type BinaryOptions, binaryQuantizer, quantizeBinary, quantizeBinaryByMean } from './binary.js';
export { quantizeDorefa } from './dorefa.js';
export { quantizeUnit } from './dorefaActivation.js';
export { type KbitOptions, kbitQuantizer } from './kbit.js';
export { quantizeLsq } from './lsq.js';
export { type LsqActivationOptions, quantizeLsqActivation } from './lsqActivation.js';
export { quantizePact } from './pact.js';
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
