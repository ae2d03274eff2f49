export { toFloatSafetensors } from './safetensors.js';
