export { type Imported, type ImportOptions, importModel } from './import/importModel.js';
export {
  encodeOnnx,
  type OnnxElementType,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx/encode.js';
export { type OnnxOptions, toOnnx, toQLinearOnnx } from './onnx/toOnnx.js';
export { toFloatSafetensors } from './safetensors.js';
export { toTfjs } from './tfjs/toTfjs.js';
