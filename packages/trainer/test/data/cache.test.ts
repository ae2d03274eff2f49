import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InputError } from '@apb/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { datasetFolder, sha256 } from '../../src/data/cache.js';
import { specOf } from '../../src/data/catalog.js';
import { fetchDataset, fetchSpec } from '../../src/data/fetch.js';
import { loadDataset, readSplits } from '../../src/data/load.js';
import { gzippedIdx, mnist } from '../../src/data/mnist.js';
import type { DatasetSpec } from '../../src/data/spec.js';

let cache: string;
const before = process.env.APB_CACHE;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'apb-cache-'));
  process.env.APB_CACHE = cache;
});
afterEach(async () => {
  await rm(cache, { recursive: true, force: true });
  if (before === undefined) delete process.env.APB_CACHE;
  else process.env.APB_CACHE = before;
});

const files: Record<string, Uint8Array> = {
  a: Uint8Array.of(1, 2, 3, 4),
  b: Uint8Array.of(5, 6, 7, 8),
  labels: Uint8Array.of(0, 1, 1, 0),
  testImages: Uint8Array.of(9, 9),
  testLabels: Uint8Array.of(1),
};
const part = (file: string) => ({ file, bytes: files[file].length, sha256: sha256(files[file]) });

/** Two pixels a picture, the training pictures in two files. */
function tiny(
  given: Record<string, Uint8Array> = files,
  pause = async () => {},
): DatasetSpec & { obtained: number } {
  return {
    name: 'tiny',
    shape: [1, 2, 1],
    classes: ['no', 'yes'],
    mean: [0],
    std: [1],
    train: { images: [part('a'), part('b')], labels: part('labels') },
    test: { images: [part('testImages')], labels: part('testLabels') },
    idx: false,
    remedy: 'look at the test',
    obtained: 0,
    async *obtain() {
      this.obtained++;
      for (const [file, bytes] of Object.entries(given)) {
        await pause();
        yield { file, bytes };
      }
    },
  };
}

describe('the cache of data sets', () => {
  it('stores a fetched set once and reads it back', async () => {
    const spec = tiny();
    const dir = datasetFolder('tiny');
    expect(await fetchSpec(spec, {})).toEqual({ dir, train: 4, test: 1 });
    expect(await fetchSpec(spec, {})).toEqual({ dir, train: 4, test: 1 });
    expect(spec.obtained).toBe(1);
    const { train, test } = await readSplits(dir, spec);
    expect([...train.images]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...train.labels]).toEqual([0, 1, 1, 0]);
    expect([...test.images]).toEqual([9, 9]);
    expect(await readdir(join(cache, 'datasets'))).toEqual(['tiny']);
  });

  const wrong: [string, Record<string, Uint8Array>, RegExp][] = [
    ['one flipped bit', { ...files, b: Uint8Array.of(5, 6, 7, 9) }, /b has a wrong checksum/],
    ['a short file', { ...files, labels: Uint8Array.of(0) }, /labels has 1 bytes, not 4/],
    ['a file too many', { ...files, '../evil': Uint8Array.of(0) }, /unexpected file \.\.\/evil/],
    ['a missing file', { a: files.a }, /lacks b, labels, testImages, testLabels/],
  ];
  it.each(wrong)('refuses %s and leaves nothing behind', async (_, given, message) => {
    const failure = await fetchSpec(tiny(given), {}).catch(error => error);
    expect(failure).toBeInstanceOf(InputError);
    expect(failure.message).toMatch(message);
    expect(failure.message).toMatch(/^data set tiny could not be fetched: .*; look at the test$/);
    expect(await readdir(join(cache, 'datasets'))).toEqual([]);
    expect(await readdir(cache)).toEqual(['datasets']);
  });

  it('survives many fetches at once', async () => {
    const pause = () => new Promise<void>(done => setTimeout(done, Math.random() * 5));
    const fetched = await Promise.all(Array.from({ length: 8 }, () => fetchSpec(tiny(files, pause), {})));
    for (const { train, test } of fetched) expect([train, test]).toEqual([4, 1]);
    expect(await readdir(join(cache, 'datasets'))).toEqual(['tiny']);
  });

  it('stops on a signal and leaves nothing behind', async () => {
    const stop = new AbortController();
    const pause = async () => stop.abort();
    const failure = await fetchSpec(tiny(files, pause), { signal: stop.signal }).catch(error => error);
    expect(failure.name).toBe('AbortError');
    expect(await readdir(join(cache, 'datasets'))).toEqual([]);
  });

  it.each([
    ['shorter', (path: string) => truncate(path, 3)],
    ['empty', (path: string) => truncate(path, 0)],
    ['altered', (path: string) => writeFile(path, Uint8Array.of(5, 6, 7, 9))],
  ])('names a file that became %s, and a fetch replaces it', async (_, damage) => {
    const spec = tiny();
    const { dir } = await fetchSpec(spec, {});
    await damage(join(dir, 'b'));
    const failure = await readSplits(dir, spec).catch(error => error);
    expect(failure).toBeInstanceOf(InputError);
    expect(failure.message).toBe(
      `${join(dir, 'b')} is damaged; run \`apb data fetch tiny\` to fetch data set tiny again`,
    );
    expect(await fetchSpec(spec, {})).toEqual({ dir, train: 4, test: 1 });
    expect([...(await readFile(join(dir, 'b')))]).toEqual([5, 6, 7, 8]);
    expect(await readdir(join(cache, 'datasets'))).toEqual(['tiny']);
  });

  it("clears what killed processes left a day ago, and nobody else's work", async () => {
    const old = join(cache, 'datasets', 'tiny.tmp-1-old');
    const fresh = join(cache, 'datasets', 'tiny.tmp-1-fresh');
    for (const path of [old, fresh]) await mkdir(path, { recursive: true });
    await utimes(old, Date.now() / 1000 - 90_000, Date.now() / 1000 - 90_000);
    await fetchSpec(tiny(), {});
    expect((await readdir(join(cache, 'datasets'))).sort()).toEqual(['tiny', 'tiny.tmp-1-fresh']);
  });

  it('says what is missing and what is known', async () => {
    await expect(loadDataset('cifar10')).rejects.toThrow(
      new InputError('data set cifar10 is not here; run `apb data fetch cifar10`'),
    );
    for (const use of [loadDataset, fetchDataset]) {
      const failure = await use('cifar-1000').catch(error => error);
      expect(failure).toBeInstanceOf(InputError);
      expect(failure.message).toBe(
        'there is no data set "cifar-1000"; known are mnist, fashion-mnist, cifar10',
      );
    }
  });
});

describe('gzipped IDX files', () => {
  const context = { scratch: '', onProgress: () => {} };
  const names = [mnist.train.images[0], mnist.train.labels, mnist.test.images[0], mnist.test.labels].map(
    p => p.file,
  );

  it('come from a folder where it has them, else from the web', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      response.end(gzipSync(Uint8Array.of(names.indexOf(request.url!.slice(1, -3)))));
    });
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    try {
      await writeFile(join(cache, `${names[1]}.gz`), gzipSync(Uint8Array.of(77)));
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const got = new Map<string, number[]>();
      for await (const { file, bytes } of gzippedIdx(cache, origin, context)) got.set(file, [...bytes]);
      expect([...got]).toEqual([0, 77, 2, 3].map((v, i) => [names[i], [v]]));
      expect(asked).toEqual([0, 2, 3].map(i => `/${names[i]}.gz`));
    } finally {
      await new Promise(done => server.close(done));
    }
  });

  it('cannot inflate beyond their known size', async () => {
    // 8 + 60,000 bytes are the labels' size; a bomb of 100 MB in 100 kB stops there.
    await writeFile(join(cache, `${names[0]}.gz`), gzipSync(new Uint8Array(100_000_000)));
    const spec = { ...specOf('fashion-mnist'), obtain: (c: typeof context) => gzippedIdx(cache, '', c) };
    const failure = await fetchSpec(spec, {}).catch(error => error);
    expect(failure).toBeInstanceOf(InputError);
    expect(failure.message).toMatch(/apt-get install dataset-fashion-mnist/);
  });
});
