import { pixelTable } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { batches, epochOrder, stepsPerEpoch, trainingBatches } from '../../src/data/batches.js';
import { type Dataset, firstOf } from '../../src/data/dataset.js';
import { below, randomFor, xoshiro } from '../../src/data/random.js';

/** Picture i has every byte i. */
const split = (count: number) => ({
  images: Uint8Array.from({ length: count * 12 }, (_, i) => Math.floor(i / 12)),
  labels: Uint8Array.from({ length: count }, (_, i) => i),
  count,
});
const dataset: Dataset = {
  name: 'steps',
  train: split(10),
  test: split(7),
  shape: [2, 2, 3],
  classes: Array.from({ length: 10 }, (_, i) => String(i)),
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};
const options = { batchSize: 4, seed: 7, epoch: 0, augmented: false };

describe('randomFor', () => {
  it('is xoshiro128**, by the outputs of the authors’ program for the state 1, 2, 3, 4', () => {
    const state = Int32Array.of(1, 2, 3, 4);
    expect(Array.from({ length: 10 }, () => xoshiro(state))).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('depends on every key and is uniform enough', () => {
    const first = (...keys: number[]) => randomFor(...keys)();
    const all = [
      first(0),
      first(1),
      first(0, 0),
      first(0, 1),
      first(1, 0),
      first(2 ** 40),
      first(2 ** 40 + 1),
    ];
    expect(new Set(all).size).toBe(all.length);
    const random = randomFor(11);
    const counts = new Array(9).fill(0);
    for (let i = 0; i < 90_000; i++) counts[below(9, random)]++;
    // 10,000 expected, standard deviation sqrt(90000 * 8/81) = 94; six of them.
    for (const n of counts) expect(Math.abs(n - 10_000)).toBeLessThan(565);
  });
});

describe('epochOrder', () => {
  it('is a permutation, a function of seed and epoch alone', () => {
    for (const count of [0, 1, 2, 257]) {
      const order = epochOrder(count, 5, 3);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(order).toEqual(epochOrder(count, 5, 3));
    }
    const orders = [epochOrder(50, 5, 3), epochOrder(50, 5, 4), epochOrder(50, 6, 3)].map(o => o.join());
    expect(new Set(orders).size).toBe(3);
  });

  it('puts every picture everywhere', () => {
    const seen = new Set<string>();
    for (let epoch = 0; epoch < 200; epoch++)
      epochOrder(4, 1, epoch).forEach((at, i) => void seen.add(`${at}@${i}`));
    expect(seen.size).toBe(16);
  });
});

describe('trainingBatches', () => {
  const labels = (o: Partial<typeof options>) =>
    [...trainingBatches(dataset, { ...options, ...o })].map(b => [...b.labels]);

  it('gives whole batches, pictures with their labels', () => {
    const table = pixelTable(dataset.mean, dataset.std);
    const given = [...trainingBatches(dataset, options)];
    expect(given.map(b => b.count)).toEqual([4, 4]);
    expect(new Set(given.flatMap(b => [...b.labels])).size).toBe(8);
    for (const { images, labels, count } of given) {
      expect(images.length).toBe(count * 12);
      labels.forEach((label, i) => {
        for (let j = 0; j < 12; j++) expect(images[i * 12 + j]).toBe(table[j % 3][label]);
      });
    }
  });

  it('changes with seed and epoch, not with augmentation', () => {
    expect(labels({})).toEqual(labels({}));
    expect(labels({})).not.toEqual(labels({ epoch: 1 }));
    expect(labels({})).not.toEqual(labels({ seed: 8 }));
    expect(labels({ augmented: true })).toEqual(labels({}));
  });

  it('augments anew each epoch, the same for the same seed', () => {
    const images = (epoch: number) =>
      [...trainingBatches(dataset, { ...options, epoch, augmented: true })].map(b => b.images);
    expect(images(0)).toEqual(images(0));
    expect(images(0)).not.toEqual(images(1));
  });

  it('takes a data set smaller than a batch as one batch', () => {
    expect(labels({ batchSize: 64 })[0].length).toBe(10);
    expect(labels({ batchSize: 64 }).length).toBe(1);
    expect([stepsPerEpoch(10, 64), stepsPerEpoch(10, 10), stepsPerEpoch(10, 3)]).toEqual([1, 1, 3]);
  });
});

describe('batches', () => {
  it('gives every picture once, in order', () => {
    const given = [...batches(dataset.test, dataset, 3)];
    expect(given.map(b => [...b.labels])).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(given.map(b => b.images.length)).toEqual([36, 36, 12]);
    expect(given[2].images[1]).toBe(pixelTable(dataset.mean, dataset.std)[1][6]);
  });

  it('respects a limit', () => {
    const { images, labels, count } = firstOf(dataset.test, 2);
    expect([images.length, labels.length, count]).toEqual([24, 2, 2]);
    expect(firstOf(dataset.test, 100)).toBe(dataset.test);
    expect(firstOf(dataset.test, undefined)).toBe(dataset.test);
  });
});
