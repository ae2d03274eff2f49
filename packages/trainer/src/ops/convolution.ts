import * as tf from '@tensorflow/tfjs-core';

export type Shape4 = [number, number, number, number];
export type Pair = [number, number];

/** Attributes as tfjs-core hands them to convolution kernels. */
export interface ConvAttrs {
  readonly strides: Pair | number;
  readonly pad: tf.Conv2DAttrs['pad'];
  readonly dimRoundingMode?: tf.Conv2DAttrs['dimRoundingMode'];
  readonly dataFormat?: 'NHWC' | 'NCHW';
  /** Not among those of tfjs-core's gradient kernels; our gradient of Conv2D adds it. */
  readonly dilations?: Pair | number;
}

/** A forward convolution, x [N, H, W, C] -> [N, H', W', Co], described so that its gradients follow. */
export interface Convolution {
  readonly inShape: Shape4;
  readonly outShape: Shape4;
  readonly kernel: Pair;
  readonly strides: Pair;
  /** Above 1 only where the strides are 1, as tfjs-core demands of every convolution. */
  readonly dilations: Pair;
  /** Zeros before the first row and before the first column. */
  readonly pads: Pair;
}

/**
 * Resolves 'same', numbers and pairs to sizes.
 * @param filterShape [kh, kw, C, Co], or [kh, kw, C, multiplier] for a depthwise convolution
 */
export function describeConvolution(
  inShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvAttrs,
  depthwise = false,
): Convolution {
  if (attrs.dataFormat === 'NCHW') throw new Error('convolution gradients take NHWC data only');
  const info = tf.backend_util.computeConv2DInfo(
    inShape as Shape4,
    filterShape as Shape4,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
  );
  return {
    inShape: info.inShape,
    outShape: info.outShape,
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: [info.padInfo.top, info.padInfo.left],
  };
}

export function isDilated({ dilations = 1 }: Pick<ConvAttrs, 'dilations'>): boolean {
  return [dilations].flat().some(d => d > 1);
}
