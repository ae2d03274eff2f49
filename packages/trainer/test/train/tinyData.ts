import type { MemoryDataset } from '../../src/data/load.js';
import { MemorySplit } from '../../src/data/memorySplit.js';
import { below, randomFor } from '../../src/data/random.js';

/** A bright square on noise, its place in a 28 x 28 picture tells one of ten classes: learnt within an epoch. */
export function tinyData(train = 192, test = 50, name = 'squares'): MemoryDataset {
  return {
    name,
    train: split(train, 1),
    test: split(test, 2),
    shape: [28, 28, 1],
    classes: Array.from({ length: 10 }, (_, i) => `place ${i}`),
    mean: [0.2],
    std: [0.3],
  };
}

function split(count: number, seed: number): MemorySplit {
  const random = randomFor(seed);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const images = new Uint8Array(count * 28 * 28);
  for (let i = 0; i < count; i++) {
    const [top, left] = [2 + 14 * Math.floor(labels[i] / 5), 1 + 5 * (labels[i] % 5)];
    for (let y = 0; y < 28; y++)
      for (let x = 0; x < 28; x++) {
        const bright = y >= top && y < top + 6 && x >= left && x < left + 5;
        images[(i * 28 + y) * 28 + x] = below(80, random) + (bright ? 150 : 0);
      }
  }
  return new MemorySplit(images, labels, [28, 28, 1]);
}
