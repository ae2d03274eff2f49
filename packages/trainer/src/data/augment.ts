import { below, type Random } from './random.js';

/** Pixels of black border that a crop may reach into on every side (He et al., "Deep residual learning", 2016). */
const PAD = 4;

/**
 * Writes a randomly shifted and mirrored copy of one picture: a crop of its own size out of the picture with
 * `PAD` black pixels around it, then a horizontal flip with probability 1/2.
 * @param picture row-major [height, width, channels]
 * @param out of the same size, overwritten entirely
 */
export function augment(
  picture: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  random: Random,
  out: Uint8Array,
): void {
  const down = below(2 * PAD + 1, random) - PAD;
  const right = below(2 * PAD + 1, random) - PAD;
  const flip = below(2, random) === 1;
  out.fill(0);
  for (let y = Math.max(0, -down); y < Math.min(height, height - down); y++)
    for (let x = Math.max(0, -right); x < Math.min(width, width - right); x++) {
      const from = ((y + down) * width + x + right) * channels;
      const to = (y * width + (flip ? width - 1 - x : x)) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = picture[from + c];
    }
}
