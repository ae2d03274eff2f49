export { createWasmBackend, type WasmBackend, type WasmBackendOptions } from './backend.js';
