export * from './count';
export * from './words';
export * from './tables';
export function heapBase(): usize {
  return __heap_base;
}
