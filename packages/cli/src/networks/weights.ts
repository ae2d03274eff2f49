import { type ApbWeights, allocPlanes, wordsPerRow } from '@apb/core';
import type { Random } from './random.js';

/** Scale of the binary weights; batch norms undo it. */
const ALPHA = 0.05;

/**
 * Compressed weights [rows, k]: random signs, one scale, and a share of the weights in full precision, anywhere, each
 * two to four times as large as the binary ones.
 * @param share of the weights, 0 to 1
 */
export function apbWeights(random: Random, rows: number, k: number, share: number): ApbWeights {
  const signs = allocPlanes('sign', 1, rows, k);
  const perRow = wordsPerRow(k);
  const lastWord = k % 32 === 0 ? 0xffffffff : 2 ** (k % 32) - 1;
  for (let i = 0; i < signs.words.length; i++)
    signs.words[i] = (random.word() & ((i + 1) % perRow === 0 ? lastWord : 0xffffffff)) >>> 0;
  const positions = random.subset(Math.round(share * rows * k), rows * k);
  const values = Float32Array.from(
    positions,
    () => ALPHA * random.between(2, 4) * (random.word() & 1 ? -1 : 1),
  );
  return { signs, scales: Float32Array.of(ALPHA), positions, values };
}

/**
 * What a batch norm has to divide sums of k products by so that they have a standard deviation of about 1, for
 * activations of root mean square 1.
 */
export function sumDeviation(k: number, share: number): number {
  const squares = 1 - share + share * 9;
  return ALPHA * Math.sqrt(k * squares);
}
