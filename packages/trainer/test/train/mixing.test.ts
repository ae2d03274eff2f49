import { describe, expect, it } from 'vitest';
import { randomFor } from '../../src/data/random.js';
import { beta, cutmix, type Mixing, mix, mixingRandom, mixup } from '../../src/train/mixing.js';
import { smoothTargets } from '../../src/train/targets.js';

/** Two pictures of 2 x 2 pixels in two channels: 0 .. 7 and 10 .. 17; classes 0 and 2 of three. */
const two = () => ({
  images: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17]),
  targets: Float32Array.from([1, 0, 0, 0, 0, 1]),
  count: 2,
});

describe('smoothTargets', () => {
  it('are one-hot without smoothing, and take a share of it for all classes with it', () => {
    expect([...smoothTargets(Uint8Array.of(2, 0), 3)]).toEqual([0, 0, 1, 1, 0, 0]);
    // 0.25 over four classes: exact in float32.
    expect([...smoothTargets(Uint8Array.of(1), 4, 0.25)]).toEqual([0.0625, 0.8125, 0.0625, 0.0625]);
  });
});

describe('mixup', () => {
  it('mixes pictures and targets with those before mixing', () => {
    const batch = two();
    mixup(batch, [1, 0], 0.75);
    // 0.75 * x + 0.25 * (x + 10), and 0.75 * (x + 10) + 0.25 * x.
    expect([...batch.images]).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].flatMap(x => [x + 2.5]).concat([0, 1, 2, 3, 4, 5, 6, 7].map(x => x + 7.5)),
    );
    expect([...batch.targets]).toEqual([0.75, 0, 0.25, 0.25, 0, 0.75]);
  });
});

describe('cutmix', () => {
  it('takes the pixels in the box from the partner, the targets by area', () => {
    const batch = two();
    // The right column: 2 of 4 pixels.
    cutmix(batch, [2, 2, 2], [1, 0], { top: 0, bottom: 2, left: 1, right: 2 });
    expect([...batch.images]).toEqual([0, 1, 12, 13, 4, 5, 16, 17, 10, 11, 2, 3, 14, 15, 6, 7]);
    expect([...batch.targets]).toEqual([0.5, 0, 0.5, 0.5, 0, 0.5]);
  });

  it('leaves everything as it is with an empty box', () => {
    const batch = two();
    cutmix(batch, [2, 2, 2], [1, 0], { top: 1, bottom: 1, left: 0, right: 2 });
    expect(batch).toEqual(two());
  });
});

describe('beta', () => {
  it.each([0.05, 0.2, 1, 4])('has the mean and variance of Beta(a, a), a = %f', a => {
    const random = randomFor(7);
    const count = 4000;
    const draws = Array.from({ length: count }, () => beta(a, random));
    for (const draw of draws) expect(draw >= 0 && draw <= 1).toBe(true);
    const mean = draws.reduce((sum, x) => sum + x, 0) / count;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count;
    const expected = 1 / (4 * (2 * a + 1));
    // Five standard errors: of the mean sqrt(variance / n); of the variance at most its root's square over sqrt(n),
    // since (x - 1/2)^2 <= 1/4 has a variance of at most expected / 4.
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(expected / count));
    expect(Math.abs(variance - expected)).toBeLessThan(5 * Math.sqrt(expected / 4 / count));
  });
});

describe('mix', () => {
  const shape = [8, 8, 1];
  const batch = () => ({
    images: Float32Array.from({ length: 4 * 64 }, (_, i) => Math.floor(i / 64)),
    targets: smoothTargets(Uint8Array.of(0, 1, 2, 3), 4),
    count: 4,
  });
  const mixed = (mixing: Mixing, step: number, seed = 3) => {
    const own = batch();
    mix(own, shape, mixing, mixingRandom(seed, step));
    return own;
  };

  it.each([{ mixup: 1 }, { cutmix: 1 }, { mixup: 0.4, cutmix: 1 }])(
    '%o is a function of seed and step',
    one => {
      const mixing = { ...one, probability: 1 };
      expect(mixed(mixing, 5)).toEqual(mixed(mixing, 5));
      expect(mixed(mixing, 5)).not.toEqual(mixed(mixing, 6));
      expect(mixed(mixing, 5)).not.toEqual(mixed(mixing, 5, 4));
      for (let step = 0; step < 50; step++) {
        const { images, targets } = mixed(mixing, step);
        for (let i = 0; i < 4; i++) {
          const row = targets.subarray(4 * i, 4 * i + 4);
          // Each picture's values are its number, so that the mean over pixels tells what the targets must say; both are
          // float32 sums of at most 64 terms up to 3.
          const mean = images.subarray(64 * i, 64 * i + 64).reduce((sum, x) => sum + x, 0) / 64;
          const told = row.reduce((sum, x, label) => sum + x * label, 0);
          expect(Math.abs(mean - told)).toBeLessThan(64 * 3 * 2 ** -23);
          expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 6);
        }
      }
    },
  );

  it('mixes the share of the batches that is asked for', () => {
    const share = Array.from({ length: 400 }, (_, step) => mixed({ mixup: 1, probability: 0.25 }, step));
    const changed = share.filter(({ targets }) => targets.some(x => x > 0 && x < 1)).length;
    // 100 expected; partners are their own in one of 24 permutations; standard deviation 8.7.
    expect(Math.abs(changed - 96)).toBeLessThan(5 * 8.7);
    expect(mixed({ mixup: 1, probability: 0 }, 1)).toEqual(batch());
  });

  it('takes mixup and cutmix in turn where both are given', () => {
    const kinds = Array.from({ length: 60 }, (_, step) => {
      const { images } = mixed({ mixup: 1, cutmix: 1, probability: 1 }, step);
      return images.every(Number.isInteger);
    });
    expect(new Set(kinds).size).toBe(2);
  });
});
