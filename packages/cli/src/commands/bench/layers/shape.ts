import { type ConvGeometry, InputError, type Shape } from '@apb/core';

/** A 3 x 3 convolution of stride 1 without padding: m output channels of k = 9 C weights, n output pixels. */
export interface LayerShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** The convolutions of ResNet-18 that arXiv 2306.08960 measures. */
export const RESNET18: readonly LayerShape[] = [
  { m: 64, k: 576, n: 2916 },
  { m: 128, k: 576, n: 2916 },
  { m: 128, k: 1152, n: 676 },
  { m: 256, k: 1152, n: 676 },
  { m: 256, k: 2304, n: 144 },
  { m: 512, k: 2304, n: 144 },
  { m: 512, k: 4608, n: 25 },
];

/** Sizes of a layer's square pictures, and its geometry. */
export interface Layout {
  /** [1, H, W, C] */
  readonly input: Shape;
  /** [1, H - 2, W - 2, m] */
  readonly output: Shape;
  readonly geometry: ConvGeometry;
}

/** @throws InputError when the shape is no such convolution */
export function layoutOf({ m, k, n }: LayerShape): Layout {
  const side = Math.sqrt(n);
  if (k % 9 !== 0 || !Number.isInteger(side))
    throw new InputError(
      `${m},${k},${n} is no 3 x 3 convolution of a square: k must be a multiple of 9 and n a square number`,
    );
  const channels = k / 9;
  return {
    input: [1, side + 2, side + 2, channels],
    output: [1, side, side, m],
    geometry: {
      inChannels: channels,
      outChannels: m,
      kernel: [3, 3],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      groups: 1,
    },
  };
}
