export { createNativeBackend } from './backend.js';
