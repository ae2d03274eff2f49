import type { Pair, PoolGeometry } from './geometry.js';
import type { ActivationBits, Quantizer } from './quantizer.js';

/** Weight bits / activation bits; 32 is float32. 1 is binary with its sparse residual, 2 is `scale * (2p - 3)`. */
export type IntProduct = '1/1' | '1/2' | '1/4' | '1/8' | '2/1' | '2/2' | '2/4';
export type Product = IntProduct | '1/32' | '32/32';

export type Activation =
  | { readonly kind: 'none' }
  /** x > 0 ? x : +0 */
  | { readonly kind: 'relu' }
  /** y = x > min ? x : min; y < max ? y : max; both bounds rounded to float32. */
  | { readonly kind: 'clamp'; readonly min: number; readonly max: number }
  /** x < 0 ? fl(slope[channel] * x) : x; one slope per channel (last axis). */
  | { readonly kind: 'prelu'; readonly slopes: Float32Array };

/**
 * What follows a matrix product, in float32 without fused multiply-add, in this order:
 *
 *     y = fl(fl(product * scale[n]) + shift[n]);  y = fl(y + residual);  y = activation(y);  q = quantize(y)
 *
 * where for quantized input
 *
 *     product = fl( binary + sparse )                                 per output, in-bounds taps only
 *     binary  = fl( fl(fl(alpha*step) * float(acc)) + fl(fl(alpha*base) * float(S)) )
 *     sparse  = fl( fl(step * T) + fl(base * R) )
 *     acc = sum(s*q), S = sum(s): exact integers (2p - 3 in place of s for 2-bit weights)
 *     T = sum of fl(r*q), R = sum of r: accumulated in float32 in CSR order from +0
 *
 * For sign planes step is the encoding's scale, q = +-1 and the two base terms are absent. For codes the two
 * base terms are absent when base = 0. The sparse term is absent for a row without full-precision weights.
 * An absent term is not added, so no addition of a zero touches the sign of a zero.
 */
export interface Epilogue {
  /** [outChannels] */
  readonly scale: Float32Array;
  /** [outChannels] */
  readonly shift: Float32Array;
  readonly activation: Activation;
  /** Present exactly when the output buffer holds planes. */
  readonly quantizer?: Quantizer;
}

/**
 * One operation of a plan, plain data. Inputs are given beside it.
 * - gemm: [m, k] x weights -> [m, n]; conv2d: [N, H, W, C] x weights -> [N, H', W', outChannels]; both take an
 *   optional second input, the float residual, of the output's shape.
 * - the others take float input, but for dequantize (planes -> float) and reshape (either).
 */
export type Op =
  | { readonly op: 'gemm' | 'conv2d'; readonly epilogue: Epilogue }
  | { readonly op: 'quantize'; readonly quantizer: Quantizer }
  | { readonly op: 'dequantize' }
  /** The largest in-bounds value, the first of equals (+0 and -0); pads are smaller than the window, here and in avgPool. */
  | { readonly op: 'maxPool'; readonly geometry: PoolGeometry }
  /**
   * float32 sum of the in-bounds pixels in row-major order from +0, times fl(1 / count); count is the in-bounds
   * pixels, or the whole window when countPadding.
   */
  | { readonly op: 'avgPool'; readonly geometry: PoolGeometry; readonly countPadding: boolean }
  /** [N, H, W, C] -> [N, C]: float32 sum over pixels in row-major order from +0, times fl(1 / (H*W)). */
  | { readonly op: 'globalAvgPool' }
  /** fl(a + b), then the activation. */
  | { readonly op: 'add'; readonly activation: Activation }
  /** fl(fl(x * scale[c]) + shift[c]), then the activation: a batch norm that nothing could absorb. */
  | {
      readonly op: 'affine';
      readonly scale: Float32Array;
      readonly shift: Float32Array;
      readonly activation: Activation;
    }
  | { readonly op: 'activate'; readonly activation: Activation }
  /** Every strides-th pixel, starting at the first: the parameter-free shortcut's downsampling. */
  | { readonly op: 'subsample'; readonly strides: Pair }
  /** Zero channels before and after. */
  | { readonly op: 'padChannels'; readonly before: number; readonly after: number }
  | { readonly op: 'reshape' }
  /** Over the last axis. */
  | { readonly op: 'softmax' };

/** What a backend lists in its capabilities: matrix products by their bit widths, everything else by name. */
export type OpName =
  | `gemmInt:${IntProduct}`
  | `gemm:${Product}`
  | `conv2d:${Product}`
  | Exclude<Op['op'], 'gemm' | 'conv2d'>;

export const intProducts: readonly IntProduct[] = ['1/1', '1/2', '1/4', '1/8', '2/1', '2/2', '2/4'];
export const products: readonly Product[] = [...intProducts, '1/32', '32/32'];

/** All names, in the order of reports. */
export const opNames: readonly OpName[] = [
  ...intProducts.map(p => `gemmInt:${p}` as const),
  ...products.map(p => `gemm:${p}` as const),
  ...products.map(p => `conv2d:${p}` as const),
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
];

/** The product of weights of `weightBits` with activations of `activationBits`, or undefined where there is none. */
export function productOf(weightBits: 1 | 2 | 32, activationBits: ActivationBits | 32): Product | undefined {
  const name = `${weightBits}/${activationBits}` as Product;
  return products.includes(name) ? name : undefined;
}
