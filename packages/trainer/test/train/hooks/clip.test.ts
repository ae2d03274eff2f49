import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectEngine } from '../../../src/engines/select.js';
import { clipped } from '../../../src/train/hooks/clip.js';

beforeAll(async () => void (await selectEngine('cpu')));

function clip(gradients: Record<string, number[]>, max: number): Record<string, number[]> {
  return tf.tidy(() => {
    const tensors = Object.fromEntries(Object.entries(gradients).map(([k, v]) => [k, tf.tensor1d(v)]));
    const done = clipped(tensors, max);
    return Object.fromEntries(Object.entries(done).map(([k, g]) => [k, [...g.dataSync()]]));
  });
}

describe('clipped', () => {
  it('scales all gradients together', () => {
    // Norm sqrt(9 + 16 + 144) = 13, so the factor is 1/2 exactly.
    const { a, b } = clip({ a: [3, -4], b: [12] }, 6.5);
    for (const [got, expected] of [
      [a[0], 1.5],
      [a[1], -2],
      [b[0], 6],
    ])
      expect(got).toBeCloseTo(expected, 5);
  });

  it('leaves smaller gradients as they are, bit for bit, and zeros too', () => {
    expect(clip({ a: [3, -4] }, 5.001)).toEqual({ a: [3, -4] });
    expect(clip({ a: [0, 0], b: [0] }, 1)).toEqual({ a: [0, 0], b: [0] });
  });

  it('holds where squares overflow or vanish in float32', () => {
    const { a } = clip({ a: [3e30, -4e30] }, 1);
    expect(a[0]).toBeCloseTo(0.6, 5);
    expect(a[1]).toBeCloseTo(-0.8, 5);
    expect(clip({ a: [1e-25] }, 1)).toEqual({ a: [Math.fround(1e-25)] });
  });

  it('passes on what is not finite, which ends the run', () => {
    expect(clip({ a: [Number.NaN, 1] }, 1).a[0]).toBeNaN();
  });
});
