/** The kernels of a build whose bits meet by table lookup. */
export * from '../index';
export { cellProduct } from './cellProduct';
export { fillCells } from './fillCells';
