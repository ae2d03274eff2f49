export { createWasmBackend, type WasmBackend, type WasmBackendOptions } from './backend.js';
export type { WasmSource, WasmSources } from './load.js';
