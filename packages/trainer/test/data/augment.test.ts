import { describe, expect, it } from 'vitest';
import { augment } from '../../src/data/augment.js';
import { randomFor } from '../../src/data/random.js';

const SHAPE = [6, 5, 2] as const;
const SIZE = 6 * 5 * 2;
const picture = Uint8Array.from({ length: SIZE }, (_, i) => i + 1);

/** The definition, written another way: look every output pixel up in an explicitly padded picture. */
function expected(down: number, right: number, flip: boolean): number[] {
  const [h, w, c] = SHAPE;
  const padded = (y: number, x: number, ch: number) =>
    y < 4 || x < 4 || y >= h + 4 || x >= w + 4 ? 0 : picture[((y - 4) * w + x - 4) * c + ch];
  const out: number[] = [];
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let ch = 0; ch < c; ch++) out.push(padded(y + down, (flip ? w - 1 - x : x) + right, ch));
  return out;
}

describe('augment', () => {
  it('draws every shift of -4 to 4 on both axes, with and without flip, borders black', () => {
    const results = new Map<string, string>();
    for (let down = 0; down <= 8; down++)
      for (let right = 0; right <= 8; right++)
        for (const flip of [false, true]) {
          // Draws that give just this crop: below(n) of a draw d is floor(d / 2^32 * n).
          const draws = [(down + 0.5) / 9, (right + 0.5) / 9, flip ? 0.75 : 0.25].map(u =>
            Math.floor(u * 2 ** 32),
          );
          const out = new Uint8Array(SIZE).fill(255);
          augment(picture, SHAPE, () => draws.shift()!, out);
          expect([...out]).toEqual(expected(down, right, flip));
          results.set(`${down},${right},${flip}`, out.join());
        }
    expect(results.size).toBe(162);
    expect(results.get('4,4,false')).toBe(picture.join());
  });

  it('is a function of the seed', () => {
    const run = (seed: number) => {
      const random = randomFor(seed);
      return Array.from({ length: 20 }, () => {
        const out = new Uint8Array(SIZE);
        augment(picture, SHAPE, random, out);
        return out.join();
      });
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    expect(new Set(run(1)).size).toBeGreaterThan(10);
  });
});
