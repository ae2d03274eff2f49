export {
  benchKernels,
  type WasmKernelBench,
  type WasmKernelOptions,
  type WasmKernelRow,
} from './benchKernels.js';
