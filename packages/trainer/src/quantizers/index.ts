export {
  type ActivationFunction,
  type ActivationOptions,
  activationFunction,
  type Bounds,
} from './activation.js';
export { type ApbOptions, apbQuantizer, quantizeApb, type Reduction } from './apb.js';
export { type BinaryOptions, binaryQuantizer, quantizeBinary } from './binary.js';
export { quantizeSign, type SignOptions, signQuantizer } from './sign.js';
export { quantizeUniform, type UniformOptions, uniformActivationQuantizer } from './uniform.js';
export {
  type DeltaRule,
  defaultDeltaRule,
  type WeightQuantizer,
  type WeightQuantizerConfig,
  type WeightScales,
  weightQuantizer,
} from './weight.js';
