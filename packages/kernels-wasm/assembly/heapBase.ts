/** First address that the module's own static data leaves free. */
export function heapBase(): usize {
  return __heap_base;
}
