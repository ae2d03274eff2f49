/** A build for the benchmark, not part of the kernels. */
export { vectors } from './vectors';
export { words } from './words';
