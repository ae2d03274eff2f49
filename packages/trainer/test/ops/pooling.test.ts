import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { type Dense, distinct, random, zeros } from './arrays.js';
import { onEachEngine } from './engines.js';
import { checkGradients, sumOfProductsTolerance } from './gradients.js';

interface Case {
  readonly name: string;
  /** [N, H, W, C] or [N, D, H, W, C] */
  readonly x: number[];
  readonly window: number[];
  readonly strides: number[];
  readonly pad: 'same' | 'valid';
}

const cases: Case[] = [
  { name: 'one pixel', x: [1, 1, 1, 1], window: [1, 1], strides: [1, 1], pad: 'valid' },
  { name: '2x2, square', x: [2, 4, 4, 2], window: [2, 2], strides: [2, 2], pad: 'valid' },
  { name: '2x2, tall', x: [2, 6, 4, 2], window: [2, 2], strides: [2, 2], pad: 'valid' },
  {
    name: '2x2, wide, a row and a column unused',
    x: [1, 3, 7, 3],
    window: [2, 2],
    strides: [2, 2],
    pad: 'valid',
  },
  { name: 'overlapping 3x3 stride 2, same', x: [2, 5, 7, 2], window: [3, 3], strides: [2, 2], pad: 'same' },
  { name: 'overlapping 3x3 stride 1, same', x: [1, 4, 3, 2], window: [3, 3], strides: [1, 1], pad: 'same' },
  { name: 'pads (0, 1)', x: [1, 6, 4, 2], window: [3, 3], strides: [2, 2], pad: 'same' },
  { name: 'non-square window and strides', x: [2, 6, 5, 2], window: [2, 3], strides: [1, 2], pad: 'same' },
  { name: 'window as large as the input', x: [2, 3, 5, 2], window: [3, 5], strides: [1, 1], pad: 'valid' },
  { name: 'strides that skip pixels', x: [1, 7, 5, 2], window: [2, 1], strides: [3, 2], pad: 'valid' },
  { name: '3-D, same', x: [1, 3, 4, 5, 2], window: [2, 3, 2], strides: [2, 2, 1], pad: 'same' },
  { name: '3-D, valid', x: [2, 4, 2, 6, 1], window: [2, 2, 2], strides: [2, 1, 2], pad: 'valid' },
];

/** Offsets (channel 0) of the in-bounds pixels of every window, in output order, from the definition of padding. */
function windows({ x, window, strides, pad }: Case): { out: number[]; pixels: number[][] } {
  const axes = window.map((span, axis) => {
    const [size, stride] = [x[axis + 1], strides[axis]];
    const out = pad === 'same' ? Math.ceil(size / stride) : Math.floor((size - span) / stride) + 1;
    const before = pad === 'same' ? Math.floor(Math.max(0, (out - 1) * stride + span - size) / 2) : 0;
    const reach = (o: number) =>
      Array.from({ length: span }, (_, i) => o * stride - before + i).filter(p => p >= 0 && p < size);
    return { size, out, reach };
  });
  const channels = x[x.length - 1];
  const combine = (axis: number, base: number[]): number[][] => {
    if (axis === axes.length) return [base.map(pixel => pixel * channels)];
    const { size, out, reach } = axes[axis];
    return Array.from({ length: out }, (_, o) => o).flatMap(o =>
      combine(
        axis + 1,
        base.flatMap(pixel => reach(o).map(p => pixel * size + p)),
      ),
    );
  };
  return {
    out: axes.map(axis => axis.out),
    pixels: Array.from({ length: x[0] }, (_, n) => n).flatMap(n => combine(0, [n])),
  };
}

function pool(c: Case, x: Dense, reduce: (values: number[]) => number): Dense {
  const channels = c.x[c.x.length - 1];
  const { out, pixels } = windows(c);
  const y = zeros([c.x[0], ...out, channels]);
  for (const [i, window] of pixels.entries())
    for (let a = 0; a < channels; a++)
      y.data[i * channels + a] = reduce(window.map(pixel => x.data[pixel + a]));
  return y;
}

const kinds = {
  max: {
    op2d: tf.maxPool,
    op3d: tf.maxPool3d,
    reduce: (values: number[]) => Math.max(...values),
  },
  average: {
    op2d: tf.avgPool,
    op3d: tf.avgPool3d,
    reduce: (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length,
  },
};

await onEachEngine(() => {
  for (const [kind, { op2d, op3d, reduce }] of Object.entries(kinds)) {
    for (const [index, c] of cases.entries()) {
      const seed = 300 + index;
      test(`${kind}-pool gradients: ${c.name} (seed ${seed})`, () => {
        const x = distinct(c.x, random(seed));
        const run = (op: typeof op2d | typeof op3d) => (input: tf.Tensor) =>
          (op as typeof op2d)(
            input as tf.Tensor4D,
            c.window as [number, number],
            c.strides as [number, number],
            c.pad,
          );
        checkGradients({
          reference: input => pool(c, input, reduce),
          op: run(c.window.length === 3 ? op3d : op2d),
          inputs: [x],
          seed: seed + 1000,
          // Values are 2/size apart: a quarter of that changes no maximum, and up to there both poolings are linear.
          step: 0.5 / x.data.length,
          // A window's sum divided by its count (one rounding), or a pixel's shares of dy.
          tolerance: sumOfProductsTolerance(c.window.reduce((a, b) => a * b) + 1),
        });
      });
    }
  }

  test('max-pool: of equal maxima the first in row-major order gets the gradient', () => {
    const x = tf.ones([1, 2, 3, 1]) as tf.Tensor4D;
    const dx = tf.grad(t => tf.sum(tf.maxPool(t as tf.Tensor4D, [2, 2], 1, 'valid')))(x);
    expect([...dx.dataSync()]).toEqual([1, 1, 0, 0, 0, 0]);
  });
});
