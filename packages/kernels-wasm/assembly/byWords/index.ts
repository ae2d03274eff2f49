/** The kernels of a build whose bits meet as words of 64 bits. */
export * from '../index';
export { cellProduct } from './cellProduct';
export { fillCells } from './fillCells';
