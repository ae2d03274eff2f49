import { describe, expect, it } from 'vitest';
import { InputError, normalise, pixelTable } from '../src/index.js';

describe('normalise', () => {
  it('is fl(fl(fl(p / 255) - mean) / std) for every byte', () => {
    const f = Math.fround;
    const pixels = Uint8Array.from({ length: 512 }, (_, i) => i >> 1);
    const { shape, data } = normalise(pixels, 128, { shape: [1, 2, 2], mean: [0.4914, 0], std: [0.247, 1] });
    expect(shape).toEqual([128, 1, 2, 2]);
    for (let p = 0; p < 256; p++) {
      const scaled = f(p / 255);
      const centred = f(scaled - f(0.4914));
      expect(data[2 * p]).toBe(f(centred / f(0.247)));
      expect(data[2 * p + 1]).toBe(scaled);
    }
    // In float64 throughout, or rounded once at the end, most values would differ.
    const once = Float32Array.from({ length: 256 }, (_, p) => (p / 255 - 0.4914) / 0.247);
    expect(once.filter((v, p) => v !== data[2 * p]).length).toBeGreaterThan(50);
  });

  it('refuses what does not fit', () => {
    const input = { shape: [2, 2, 1], mean: [0], std: [1] };
    const refuse = (run: () => unknown, message: string) => {
      expect(run).toThrow(InputError);
      expect(run).toThrow(message);
    };
    refuse(() => normalise(new Uint8Array(7), 2, input), '2 pictures of 2x2x1 have 8 bytes, got 7');
    refuse(
      () => normalise(new Uint8Array(4), 1, { ...input, mean: [0, 0], std: [1, 1] }),
      'has 1 channels but',
    );
    refuse(() => pixelTable([0], [1, 1]), '1 means and 2 standard deviations');
    refuse(() => pixelTable([], []), '0 means');
    refuse(() => pixelTable([0, 0], [1, 0]), 'standard deviation 0 of channel 1');
    refuse(() => pixelTable([Number.NaN], [1]), 'mean NaN');
  });
});
