import type { ConvGeometry, Pads, Shape } from '@apb/core';

/** A matrix product [m, k] x [rows, k] is the 1x1 convolution of m pictures of one pixel. */
export function matrixGeometry(rows: number, k: number): ConvGeometry {
  return {
    inChannels: k,
    outChannels: rows,
    kernel: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    groups: 1,
  };
}

/** [m, k] as [m, 1, 1, k]; [N, H, W, C] stays. */
export function asImages(shape: Shape): readonly [n: number, h: number, w: number, c: number] {
  if (shape.length === 2) return [shape[0], 1, 1, shape[1]];
  return [shape[0], shape[1], shape[2], shape[3]];
}

/** Rows or columns that a window takes: those whose window ends inside the padded input. */
export function windows(padded: number, span: number, stride: number): number {
  let count = 0;
  while (count * stride + span <= padded) count++;
  return count;
}

/** [N, H', W', outChannels] of a convolution. */
export function outputShape(shape: Shape, g: ConvGeometry): [number, number, number, number] {
  const [n, h, w] = asImages(shape);
  const [top, left, bottom, right] = g.pads;
  return [
    n,
    windows(top + h + bottom, g.dilations[0] * (g.kernel[0] - 1) + 1, g.strides[0]),
    windows(left + w + right, g.dilations[1] * (g.kernel[1] - 1) + 1, g.strides[1]),
    g.outChannels,
  ];
}

/** The NHWC tensor with `fill` laid around every picture. */
export function padImages(
  x: ArrayLike<number>,
  shape: Shape,
  pads: Pads,
  fill: number,
): { data: Float64Array; shape: Shape } {
  const [n, h, w, c] = asImages(shape);
  const [top, left, bottom, right] = pads;
  const [ph, pw] = [top + h + bottom, left + w + right];
  const data = new Float64Array(n * ph * pw * c).fill(fill);
  for (let i = 0; i < n; i++)
    for (let y = 0; y < h; y++)
      for (let at = 0; at < w * c; at++)
        data[((i * ph + y + top) * pw + left) * c + at] = x[(i * h + y) * w * c + at];
  return { data, shape: [n, ph, pw, c] };
}

/** Calls `visit` for every tap of one output: index into the padded input, index into the weights, in the order of k. */
export type Taps = (visit: (input: number, weight: number) => void) => void;

/** Calls `output` for every output in row-major order with its channel and its taps over the padded input. */
export function forEachOutput(
  padded: Shape,
  g: ConvGeometry,
  output: (at: number, channel: number, taps: Taps) => void,
): void {
  const [n, ph, pw, c] = asImages(padded);
  const [kh, kw] = g.kernel;
  const [, oh, ow, channels] = outputShape(padded, { ...g, pads: [0, 0, 0, 0] });
  const width = c / g.groups;
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++)
        for (let o = 0; o < channels; o++) {
          const first = Math.floor(o / (channels / g.groups)) * width;
          output(at++, o, visit => {
            let weight = o * kh * kw * width;
            for (let ky = 0; ky < kh; ky++)
              for (let kx = 0; kx < kw; kx++) {
                const row = i * ph + y * g.strides[0] + ky * g.dilations[0];
                const pixel = row * pw + x * g.strides[1] + kx * g.dilations[1];
                for (let ch = 0; ch < width; ch++) visit(pixel * c + first + ch, weight++);
              }
          });
        }
}

/** The convolution in float64 of the explicitly zero-padded tensor; weights row-major [outChannels, kh * kw * c]. */
export function convolve(
  x: ArrayLike<number>,
  shape: Shape,
  weights: Float64Array,
  g: ConvGeometry,
): Float64Array {
  const padded = padImages(x, shape, g.pads, 0);
  const out = new Float64Array(outputShape(shape, g).reduce((a, b) => a * b, 1));
  forEachOutput(padded.shape, g, (at, _channel, taps) => {
    let sum = 0;
    taps((input, weight) => {
      sum += padded.data[input] * weights[weight];
    });
    out[at] = sum;
  });
  return out;
}
