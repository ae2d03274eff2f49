import { intProducts, type OpName, products } from '@apb/core';

/** What this backend runs: on every instruction set the same. */
export const nativeOps: ReadonlySet<OpName> = new Set<OpName>([
  ...intProducts.map(p => `gemmInt:${p}` as const),
  ...products.flatMap(p => [`gemm:${p}`, `conv2d:${p}`] as const),
  'quantize',
  'dequantize',
  'maxPool',
  'avgPool',
  'globalAvgPool',
  'add',
  'affine',
  'activate',
  'subsample',
  'padChannels',
  'reshape',
  'softmax',
]);
