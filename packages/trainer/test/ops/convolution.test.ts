import * as tf from '@tensorflow/tfjs-core';
import { test } from 'vitest';
import { type Dense, random, uniform, zeros } from './arrays.js';
import { onEachEngine } from './engines.js';
import { checkGradients, sumOfProductsTolerance } from './gradients.js';

type Pair = [number, number];

interface Case {
  readonly name: string;
  /** [N, H, W, C] */
  readonly x: number[];
  /** [kh, kw, C, Co], or [kh, kw, C, multiplier] */
  readonly w: number[];
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pad: 'same' | 'valid' | tf.backend_util.ExplicitPadding;
}

const shared: Case[] = [
  { name: '1x1', x: [2, 3, 4, 3], w: [1, 1, 3, 2], pad: 'same' },
  { name: 'one pixel, one channel', x: [1, 1, 1, 1], w: [1, 1, 1, 1], pad: 'valid' },
  { name: 'kernel as large as the input', x: [2, 3, 4, 2], w: [3, 4, 2, 3], pad: 'valid' },
  { name: '3x3 same', x: [2, 5, 4, 2], w: [3, 3, 2, 3], pad: 'same' },
  { name: '3x3 valid, non-square input', x: [2, 5, 7, 2], w: [3, 3, 2, 2], pad: 'valid' },
  { name: 'even non-square kernel, same', x: [1, 4, 6, 2], w: [2, 4, 2, 2], pad: 'same' },
  {
    name: 'stride 2, same, even size: pads (0, 1)',
    x: [2, 6, 4, 2],
    w: [3, 3, 2, 2],
    strides: [2, 2],
    pad: 'same',
  },
  {
    name: 'stride 2, same, odd size: pads (1, 1)',
    x: [1, 5, 7, 2],
    w: [3, 3, 2, 2],
    strides: [2, 2],
    pad: 'same',
  },
  { name: 'stride 2, valid, a row unused', x: [2, 6, 8, 2], w: [3, 3, 2, 2], strides: [2, 2], pad: 'valid' },
  { name: 'stride 2 with a 1x1 kernel', x: [2, 5, 4, 2], w: [1, 1, 2, 3], strides: [2, 2], pad: 'same' },
  { name: 'stride 3 beyond a 2x2 kernel', x: [1, 8, 7, 2], w: [2, 2, 2, 2], strides: [3, 3], pad: 'valid' },
  { name: 'dilation 2, same', x: [1, 6, 5, 2], w: [3, 3, 2, 2], dilations: [2, 2], pad: 'same' },
  {
    name: 'dilation 2, valid, non-square',
    x: [2, 5, 7, 2],
    w: [2, 3, 2, 2],
    dilations: [2, 2],
    pad: 'valid',
  },
];

const ours: Case[] = [
  ...shared,
  { name: 'strides 2 and 1', x: [1, 5, 6, 2], w: [3, 2, 2, 3], strides: [2, 1], pad: 'same' },
  { name: 'more channels than pixels', x: [1, 2, 2, 9], w: [2, 2, 9, 7], pad: 'same' },
  {
    name: 'four different pads',
    x: [1, 4, 5, 2],
    w: [3, 3, 2, 2],
    pad: [
      [0, 0],
      [2, 0],
      [1, 3],
      [0, 0],
    ],
  },
  {
    name: 'pads wider than the kernel',
    x: [1, 3, 3, 2],
    w: [2, 2, 2, 2],
    pad: [
      [0, 0],
      [3, 2],
      [2, 4],
      [0, 0],
    ],
  },
  {
    name: 'four pads, stride 2',
    x: [2, 5, 4, 2],
    w: [3, 3, 2, 2],
    strides: [2, 2],
    pad: [
      [0, 0],
      [1, 2],
      [0, 1],
      [0, 0],
    ],
  },
];

/** Pads before each axis, and output sizes, written from their definition. */
function layout({ x, w, strides = [1, 1], dilations = [1, 1], pad }: Case): { before: Pair; out: Pair } {
  const axes = [0, 1].map(axis => {
    const [size, stride] = [x[axis + 1], strides[axis]];
    const span = dilations[axis] * (w[axis] - 1) + 1;
    if (pad === 'same') {
      const out = Math.ceil(size / stride);
      return { out, before: Math.floor(Math.max(0, (out - 1) * stride + span - size) / 2) };
    }
    const [before, after] = pad === 'valid' ? [0, 0] : pad[axis + 1];
    return { out: Math.floor((size + before + after - span) / stride) + 1, before };
  });
  return { before: [axes[0].before, axes[1].before], out: [axes[0].out, axes[1].out] };
}

/** Calls `visit` with the output pixel, the input pixel and the tap of every product, batch by batch. */
function forEachProduct(c: Case, visit: (n: number, out: Pair, into: Pair, tap: Pair) => void): void {
  const { strides = [1, 1], dilations = [1, 1] } = c;
  const { before, out } = layout(c);
  for (let n = 0; n < c.x[0]; n++)
    for (let p = 0; p < out[0]; p++)
      for (let q = 0; q < out[1]; q++)
        for (let i = 0; i < c.w[0]; i++)
          for (let j = 0; j < c.w[1]; j++) {
            const h = p * strides[0] - before[0] + i * dilations[0];
            const v = q * strides[1] - before[1] + j * dilations[1];
            if (h >= 0 && h < c.x[1] && v >= 0 && v < c.x[2]) visit(n, [p, q], [h, v], [i, j]);
          }
}

function convolve(c: Case, x: Dense, w: Dense): Dense {
  const [, H, W, C] = c.x;
  const [, kw, , Co] = c.w;
  const { out } = layout(c);
  const y = zeros([c.x[0], ...out, Co]);
  forEachProduct(c, (n, [p, q], [h, v], [i, j]) => {
    for (let a = 0; a < C; a++)
      for (let o = 0; o < Co; o++)
        y.data[((n * out[0] + p) * out[1] + q) * Co + o] +=
          x.data[((n * H + h) * W + v) * C + a] * w.data[((i * kw + j) * C + a) * Co + o];
  });
  return y;
}

function convolveDepthwise(c: Case, x: Dense, w: Dense): Dense {
  const [, H, W, C] = c.x;
  const [, kw, , m] = c.w;
  const { out } = layout(c);
  const y = zeros([c.x[0], ...out, C * m]);
  forEachProduct(c, (n, [p, q], [h, v], [i, j]) => {
    for (let a = 0; a < C * m; a++)
      y.data[((n * out[0] + p) * out[1] + q) * C * m + a] +=
        x.data[((n * H + h) * W + v) * C + Math.floor(a / m)] * w.data[(i * kw + j) * C * m + a];
  });
  return y;
}

/** The longest sum: over taps and channels (value), over output pixels (filter), over taps and outputs (input). */
function longestSum(c: Case): number {
  const { out } = layout(c);
  return Math.max(c.x[0] * out[0] * out[1], c.w[0] * c.w[1] * Math.max(c.w[2], c.w[3]));
}

await onEachEngine(() => {
  for (const [index, c] of ours.entries()) {
    const seed = 100 + index;
    test(`conv2d gradients: ${c.name} (seed ${seed})`, () => {
      const next = random(seed);
      checkGradients({
        reference: (x, w) => convolve(c, x, w),
        op: (x, w) =>
          tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, c.strides ?? 1, c.pad, 'NHWC', c.dilations ?? 1),
        inputs: [uniform(c.x, next), uniform(c.w, next)],
        seed: seed + 1000,
        step: 0.5,
        tolerance: sumOfProductsTolerance(longestSum(c)),
      });
    });
  }

  for (const [index, c] of shared.entries()) {
    const seed = 200 + index;
    test(`depthwise gradients: ${c.name} (seed ${seed})`, () => {
      const next = random(seed);
      checkGradients({
        reference: (x, w) => convolveDepthwise(c, x, w),
        op: (x, w) =>
          tf.depthwiseConv2d(
            x as tf.Tensor4D,
            w as tf.Tensor4D,
            c.strides ?? 1,
            c.pad as 'same' | 'valid',
            'NHWC',
            c.dilations ?? 1,
          ),
        inputs: [uniform(c.x, next), uniform(c.w, next)],
        seed: seed + 1000,
        step: 0.5,
        tolerance: sumOfProductsTolerance(longestSum(c)),
      });
    });
  }
});
