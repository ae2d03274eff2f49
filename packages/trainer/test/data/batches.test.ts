import { pixelTable } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { type Batch, batches, epochOrder, stepsPerEpoch, trainingBatches } from '../../src/data/batches.js';
import type { Dataset, Split } from '../../src/data/dataset.js';
import { MemorySplit } from '../../src/data/memorySplit.js';
import { below, randomFor, xoshiro } from '../../src/data/random.js';
import { firstOf, holdOut, subset } from '../../src/data/subset.js';

/** Picture i has every byte i. */
const split = (count: number) =>
  new MemorySplit(
    Uint8Array.from({ length: count * 12 }, (_, i) => Math.floor(i / 12)),
    Uint8Array.from({ length: count }, (_, i) => i),
    [2, 2, 3],
  );
const dataset: Dataset = {
  name: 'steps',
  train: split(10),
  test: split(7),
  shape: [2, 2, 3],
  classes: Array.from({ length: 10 }, (_, i) => String(i)),
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};
async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const given: T[] = [];
  for await (const value of values) given.push(value);
  return given;
}
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
  const given = (o: Partial<typeof options> = {}, train = dataset.train): Promise<Batch[]> =>
    all(trainingBatches({ ...dataset, train }, { ...options, ...o }));
  const labels = async (o: Partial<typeof options>) => (await given(o)).map(b => [...b.labels]);

  it('gives whole batches, pictures with their labels', async () => {
    const table = pixelTable(dataset.mean, dataset.std);
    const batches = await given();
    expect(batches.map(b => b.count)).toEqual([4, 4]);
    expect(new Set(batches.flatMap(b => [...b.labels])).size).toBe(8);
    for (const { images, labels, count } of batches) {
      expect(images.length).toBe(count * 12);
      labels.forEach((label, i) => {
        for (let j = 0; j < 12; j++) expect(images[i * 12 + j]).toBe(table[j % 3][label]);
      });
    }
  });

  it('changes with seed and epoch, not with augmentation', async () => {
    const first = await labels({});
    expect(await labels({})).toEqual(first);
    expect(await labels({ epoch: 1 })).not.toEqual(first);
    expect(await labels({ seed: 8 })).not.toEqual(first);
    expect(await labels({ augmented: true })).toEqual(first);
  });

  it('augments anew each epoch, the same for the same seed', async () => {
    const images = async (epoch: number) => (await given({ epoch, augmented: true })).map(b => b.images);
    expect(await images(0)).toEqual(await images(0));
    expect(await images(0)).not.toEqual(await images(1));
  });

  it('augments a picture by its index, whatever the batch it is in', async () => {
    const variants = async (batchSize: number) => {
      const found = new Map<number, string>();
      for (const { images, labels } of await given({ batchSize, augmented: true }))
        labels.forEach((label, i) => void found.set(label, images.subarray(i * 12, (i + 1) * 12).join()));
      return found;
    };
    const one = await variants(1);
    for (const batchSize of [2, 5, 10])
      for (const [label, picture] of await variants(batchSize)) expect(picture).toBe(one.get(label));
  });

  it('takes a data set smaller than a batch as one batch', async () => {
    const one = await labels({ batchSize: 64 });
    expect([one.length, one[0].length]).toEqual([1, 10]);
    expect([stepsPerEpoch(10, 64), stepsPerEpoch(10, 10), stepsPerEpoch(10, 3)]).toEqual([1, 1, 3]);
  });
});

describe('batches', () => {
  it('gives every picture once, in order', async () => {
    const given = await all(batches(dataset.test, dataset, 3));
    expect(given.map(b => [...b.labels])).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(given.map(b => b.images.length)).toEqual([36, 36, 12]);
    expect(given[2].images[1]).toBe(pixelTable(dataset.mean, dataset.std)[1][6]);
  });
});

describe('parts of a split', () => {
  /** The labels of a part, and the byte that each picture is made of. */
  const seen = async (part: Split) => {
    const found = await all(batches(part, { mean: [0, 0, 0], std: [1, 1, 1] }, 2));
    return {
      labels: found.flatMap(b => [...b.labels]),
      bytes: found.flatMap(b =>
        Array.from({ length: b.count }, (_, i) => Math.round(255 * b.images[i * 12])),
      ),
    };
  };

  it('are the first pictures under a limit', async () => {
    expect(await seen(firstOf(dataset.test, 3))).toEqual({ labels: [0, 1, 2], bytes: [0, 1, 2] });
    expect(firstOf(dataset.test, 100)).toBe(dataset.test);
    expect(firstOf(dataset.test, undefined)).toBe(dataset.test);
  });

  it('are the pictures at some indices, of a part as well', async () => {
    const part = subset(dataset.train, Uint32Array.of(7, 3, 5, 3));
    expect([part.count, ...part.labels]).toEqual([4, 7, 3, 5, 3]);
    expect(await seen(part)).toEqual({ labels: [7, 3, 5, 3], bytes: [7, 3, 5, 3] });
    expect((await seen(subset(part, Uint32Array.of(2, 0)))).bytes).toEqual([5, 7]);
  });

  it('held out by a seed share no picture, keep their order and leave something', async () => {
    const { kept, held } = holdOut(dataset.train, 4, 3);
    expect([kept.count, held.count]).toEqual([6, 4]);
    for (const part of [kept, held]) expect([...part.labels]).toEqual([...part.labels].sort((a, b) => a - b));
    expect([...kept.labels, ...held.labels].sort((a, b) => a - b)).toEqual([...Array(10).keys()]);
    expect([...holdOut(dataset.train, 4, 3).held.labels]).toEqual([...held.labels]);
    const others = [4, 5, 6, 7].map(seed => holdOut(dataset.train, 4, seed).held.labels.join());
    expect(new Set(others).size).toBeGreaterThan(1);
    expect(() => holdOut(dataset.train, 10, 3)).toThrow('10 of 10 training pictures cannot be held out');
  });

  it('leave labels alone that are part of a Buffer, whose slices share its memory', async () => {
    const labels = Buffer.from([3, 1, 4, 1, 5, 9, 2, 6]);
    const whole = new MemorySplit(new Uint8Array(8 * 12), labels, [2, 2, 3]);
    const { kept, held } = holdOut(whole, 4, 3);
    expect([...whole.labels]).toEqual([3, 1, 4, 1, 5, 9, 2, 6]);
    for (const part of [kept, held]) {
      const [{ labels: read }] = await all(part.read([[0, 1, 2, 3]]));
      expect([...part.labels]).toEqual([...read]);
    }
  });

  it('keep the augmentation of a picture', async () => {
    const augmentation = { seed: 1, epoch: 2 };
    const of = async (part: Split, at: number) =>
      [...(await all(part.read([[at]], augmentation)))[0].pixels].join();
    const part = subset(dataset.train, Uint32Array.of(8, 2));
    expect(await of(part, 1)).toBe(await of(dataset.train, 2));
  });
});
