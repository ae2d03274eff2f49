/** Four pads in input pixels: top, left, bottom, right. 'same' is resolved to these before anything is stored. */
export type Pads = readonly [top: number, left: number, bottom: number, right: number];
export type Pair = readonly [vertical: number, horizontal: number];

/** A 2-D convolution on NHWC. A weight row is one output channel, k over (kh, kw, c of its group). */
export interface ConvGeometry {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: Pads;
  /** Divides both channel counts; equal to inChannels for a depthwise convolution. */
  readonly groups: number;
}

export interface PoolGeometry {
  readonly window: Pair;
  readonly strides: Pair;
  readonly pads: Pads;
}

/**
 * Output height or width: floor((in + pads - (dilation * (kernel - 1) + 1)) / stride) + 1.
 * @throws RangeError when the window does not fit the padded input
 */
export function outputSize(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  before: number,
  after: number,
): number {
  const span = dilation * (kernel - 1) + 1;
  const out = Math.floor((size + before + after - span) / stride) + 1;
  if (!(out >= 1))
    throw new RangeError(`a window of ${span} does not fit ${size} pixels with pads ${before} and ${after}`);
  return out;
}

/** TensorFlow's 'same' as explicit pads [before, after] on one axis; the odd pixel goes after. */
export function samePads(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
): [before: number, after: number] {
  const out = Math.ceil(size / stride);
  const total = Math.max(0, (out - 1) * stride + dilation * (kernel - 1) + 1 - size);
  return [total >> 1, total - (total >> 1)];
}
