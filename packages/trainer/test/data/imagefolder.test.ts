import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { InputError } from '@apb/core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writePictureFolder } from '../../bench/pictureFolder.mjs';
import { type Batch, batches, pixelBatches, trainingBatches } from '../../src/data/batches.js';
import type { Dataset } from '../../src/data/dataset.js';
import { openImageFolder } from '../../src/data/imagefolder/imageFolder.js';
import { listClasses, listPictures } from '../../src/data/imagefolder/listing.js';
import { Unreadable } from '../../src/data/imagefolder/unreadable.js';
import { openDataset } from '../../src/data/open.js';
import { testPixels } from '../../src/data/picture.js';
import { firstOf, subset } from '../../src/data/subset.js';

const counts = { train: 24, val: 9, classes: 3, size: 40, seed: 1 };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apb-folder-'));
  await writePictureFolder(folder, counts);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const opened: Dataset[] = [];
async function open(path = folder, options: Parameters<typeof openImageFolder>[1] = {}): Promise<Dataset> {
  const dataset = await openImageFolder(path, { imageSize: 16, ...options });
  opened.push(dataset);
  return dataset;
}
afterEach(async () => {
  for (const dataset of opened.splice(0)) await dataset.dispose!();
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const given: T[] = [];
  for await (const value of values) given.push(value);
  return given;
}
const epoch = (
  dataset: Dataset,
  options: Partial<Parameters<typeof trainingBatches>[1]> = {},
): Promise<Batch[]> =>
  all(trainingBatches(dataset, { batchSize: 8, seed: 5, epoch: 0, augmented: true, ...options }));

describe('an image folder', () => {
  it('has the classes and pictures that lie there', async () => {
    const dataset = await open();
    expect(dataset).toMatchObject({
      classes: ['class0', 'class1', 'class2'],
      shape: [16, 16, 3],
      resize: { rule: 'crop', size: 18 },
    });
    expect([dataset.train.count, dataset.test.count]).toEqual([24, 9]);
    // One of each class by turns.
    expect([...dataset.test.labels]).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it('is resized to 256 and cut to 224 where nothing else is asked for', async () => {
    const dataset = await open(folder, { imageSize: undefined });
    expect(dataset).toMatchObject({ shape: [224, 224, 3], resize: { rule: 'crop', size: 256 } });
  });

  it('gives test pictures as apb predict sees them', async () => {
    const dataset = await open();
    const [batch] = await all(pixelBatches(dataset.test, 9));
    const size = { shape: dataset.shape, resize: dataset.resize! };
    // The second picture of class 1 comes second in the second turn.
    const wanted = await testPixels(await readFile(join(folder, 'val/class1/00000004.jpg')), size);
    expect(Buffer.compare(batch.pixels.slice(4 * 768, 5 * 768), wanted)).toBe(0);
  });

  it('gives the same batches to the bit whenever it is read, by seed and epoch', async () => {
    const [first, again] = [await epoch(await open()), await epoch(await open())];
    expect(first.map(b => b.count)).toEqual([8, 8, 8]);
    expect(again).toEqual(first);
    const dataset = await open();
    expect(await epoch(dataset)).toEqual(first);
    expect((await epoch(dataset, { epoch: 1 }))[0].images).not.toEqual(first[0].images);
    expect((await epoch(dataset, { seed: 6 }))[0].images).not.toEqual(first[0].images);
    // One picture a batch, or all in one: the order and each picture are the same.
    const flat = (given: Batch[]) => Buffer.concat(given.map(b => Buffer.from(b.images.buffer)));
    for (const batchSize of [1, 24])
      expect(flat(await epoch(dataset, { batchSize })).equals(flat(first))).toBe(true);
  });

  it('gives parts of itself, a picture augmented as in the whole', async () => {
    const dataset = await open();
    const one = async (split: Dataset['train'], at: number) =>
      (await all(split.read([[at]], { seed: 1, epoch: 0 })))[0].pixels.slice();
    const part = subset(dataset.train, Uint32Array.of(20, 3));
    expect(await one(part, 1)).toEqual(await one(dataset.train, 3));
    expect(firstOf(dataset.train, 5).count).toBe(5);
  });

  it('keeps three batches in memory at most, and ends when nobody reads on', async () => {
    const dataset = await open();
    let [asked, given] = [0, 0];
    function* requests() {
      for (; asked < 12; ) {
        asked++;
        yield [asked, asked + 1];
      }
    }
    const memories = new Set<ArrayBufferLike>();
    for await (const { pixels } of dataset.train.read(requests())) {
      given++;
      memories.add(pixels.buffer);
      expect(asked - given).toBeLessThanOrEqual(2);
    }
    expect([asked, given]).toEqual([12, 12]);
    expect(memories.size).toBeLessThanOrEqual(3);
    asked = 0;
    for await (const _ of dataset.train.read(requests())) break;
    expect(asked).toBe(3);
    // The workers are at hand again.
    expect((await epoch(dataset)).length).toBe(3);
  });

  it('does not keep a process alive, and cannot be read once disposed', async () => {
    const dataset = await open();
    const reading = epoch(dataset);
    const failed = expect(reading).rejects.toThrow('the thread that decodes pictures stopped');
    await new Promise(resolve => setTimeout(resolve, 20));
    await dataset.dispose!();
    await failed;
    await expect(epoch(dataset)).rejects.toThrow('is disposed');
    const script = `import { openImageFolder, pixelBatches } from ${JSON.stringify(new URL('../../dist/data/index.js', import.meta.url).href)};
      const { test } = await openImageFolder(process.env.FOLDER, { imageSize: 16 });
      for await (const { count } of pixelBatches(test, 9)) console.log(count);`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, FOLDER: folder },
      timeout: 60_000,
    });
    expect(said).toBe('9\n');
  });
});

describe('a folder with pictures that cannot be read', () => {
  let damaged: string;
  const bad = [
    'cut.jpg',
    'empty.jpg',
    'folder.jpg',
    'header.png',
    'huge.png',
    'loop.png',
    'nowhere.jpeg',
    'pipe.jpg',
    'svg.jpg',
    'text.JPG',
  ];
  beforeAll(async () => {
    damaged = await mkdtemp(join(tmpdir(), 'apb-damaged-'));
    await writePictureFolder(damaged, { ...counts, train: 6, val: 3 });
    const at = (name: string) => join(damaged, 'train/class1', name);
    const jpeg = await readFile(at('00000001.jpg'));
    await writeFile(at('cut.jpg'), jpeg.subarray(0, jpeg.length >> 1));
    await writeFile(at('empty.jpg'), '');
    await mkdir(at('folder.jpg'));
    await writeFile(at('header.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
    await writeFile(at('huge.png'), await hugePng());
    await symlink('loop.png', at('loop.png'));
    await symlink('/nowhere/at/all.jpeg', at('nowhere.jpeg'));
    execFileSync('mkfifo', [at('pipe.jpg')]);
    await writeFile(at('svg.jpg'), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await writeFile(at('text.JPG'), 'not a picture');
    await writeFile(at('notes.txt'), 'not listed');
    // A PNG by another name is read, as ImageNet has one.
    await copyFile(at('00000004.jpg'), at('good.png'));
    await symlink('..', join(damaged, 'train/.hidden'));
    await symlink('round', join(damaged, 'train/round'));
  });
  afterAll(() => rm(damaged, { recursive: true, force: true }));

  it('counts, names and leaves them out', async () => {
    const dataset = await open(damaged);
    expect(dataset.train.count).toBe(6 + 1 + bad.length);
    const given = await epoch(dataset, { batchSize: 1 });
    expect(given.length).toBe(7);
    for (const { images } of given) expect(images.every(Number.isFinite)).toBe(true);
    const [warning, ...more] = dataset.warnings!();
    expect(more).toEqual([]);
    expect(warning).toMatch(/^10 pictures could not be read and were left out: .*, .*, .* and 7 more$/);
    expect(dataset.warnings!()).toEqual([]);
  });

  it('keeps the readable ones of a batch with their labels', async () => {
    const dataset = await open(damaged);
    const [batch, ...others] = await all(batches(dataset.train, dataset, 100));
    expect(others).toEqual([]);
    expect([...batch.labels]).toEqual([0, 1, 2, 0, 1, 2, 1]);
    // Row by row what they are when they are read alone.
    const alone: Uint8Array[] = [];
    for await (const { pixels } of dataset.train.read([...dataset.train.labels.keys()].map(i => [i])))
      alone.push(pixels.slice());
    const [whole] = await all(pixelBatches(dataset.train, 100));
    expect(Buffer.concat(alone).equals(whole.pixels)).toBe(true);
  });

  it.each(bad)('says what is wrong with %s when it must be strict', async name => {
    const alone = await mkdtemp(join(tmpdir(), 'apb-strict-'));
    try {
      await mkdir(join(alone, 'val'), { recursive: true });
      await writePictureFolder(alone, { ...counts, train: 1, val: 1, classes: 1 });
      await rename(join(damaged, 'train/class1', name), join(alone, 'train/class0', name));
      const dataset = await open(alone, { strict: true });
      const error = await epoch(dataset, { batchSize: 2 }).catch(e => e);
      await rename(join(alone, 'train/class0', name), join(damaged, 'train/class1', name));
      expect(error).toBeInstanceOf(InputError);
      expect(error.message).toMatch(
        new RegExp(`train/class0/${name} cannot be read as a picture \\([^\\n]+\\); repair or remove it`),
      );
      const why: Record<string, RegExp> = {
        'empty.jpg': /it is empty/,
        'folder.jpg': /no file/,
        'huge.png': /pixel limit/,
        'loop.png': /ELOOP/,
        'nowhere.jpeg': /ENOENT/,
        'pipe.jpg': /no file/,
        'svg.jpg': /neither JPEG nor PNG/,
        'text.JPG': /neither JPEG nor PNG/,
      };
      expect(error.message).toMatch(why[name] ?? /./);
    } finally {
      await rm(alone, { recursive: true, force: true });
    }
  });

  it('warns in one line, whatever the names hold', () => {
    const unreadable = new Unreadable();
    expect(unreadable.takeWarnings()).toEqual([]);
    unreadable.note('a\n\u001b[2J.jpg', 'it is empty');
    unreadable.note('a\n\u001b[2J.jpg', 'it is empty');
    expect(unreadable.takeWarnings()).toEqual([
      '1 picture could not be read and was left out: a??[2J.jpg (it is empty)',
    ]);
  });
});

describe('listing', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'apb-listing-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));
  const touch = async (...names: string[]) => {
    for (const name of names) {
      await mkdir(join(root, name, '..'), { recursive: true });
      await writeFile(join(root, name), '');
    }
  };

  it.each([
    [
      [],
      /train cannot be listed \(ENOENT\); an image folder holds train\/CLASS\/\*\.jpg and val\/CLASS\/\*\.jpg$/,
    ],
    [['train/x.jpg'], /train holds no folders; give it one folder of pictures per class$/],
    [['train/a/x.txt'], /train\/a holds no .jpg, .jpeg or .png files; put some there or remove it$/],
    [['train/a/x.jpg'], /val cannot be listed \(ENOENT\)/],
    [['train/a/x.jpg', 'val/b/x.jpg'], /val\/b is a class that no training picture has/],
    [['train/a/x.jpg', 'val/a/x.gif'], /val holds no .jpg/],
  ])('of %j says what is missing', async (files, message) => {
    await touch(...files);
    const error = await openImageFolder(root).catch(e => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
  });

  it('sorts classes and names, takes one of each by turns, and labels by the training classes where val has fewer', async () => {
    await touch(
      'train/b/._2.jpg',
      'train/b/2.jpg',
      'train/b/10.PNG',
      'train/ä/x.jpeg',
      'train/a/y.jpg',
      'val/b/ß.jpg',
    );
    const classes = await listClasses(join(root, 'train'));
    expect(classes).toEqual(['a', 'b', 'ä']);
    const train = await listPictures(join(root, 'train'), classes, { someMissing: false });
    expect(Array.from({ length: train.count }, (_, i) => train.pathOf(i).slice(root.length + 1))).toEqual([
      'train/a/y.jpg',
      'train/b/10.PNG',
      'train/ä/x.jpeg',
      'train/b/2.jpg',
    ]);
    const val = await listPictures(join(root, 'val'), classes, { someMissing: true });
    expect([val.count, val.labels[0], val.pathOf(0)]).toEqual([1, 1, join(root, 'val/b/ß.jpg')]);
  });

  it('tells more than 256 classes apart', async () => {
    await touch(...Array.from({ length: 300 }, (_, i) => `train/${String(i).padStart(3, '0')}/x.jpg`));
    const classes = await listClasses(join(root, 'train'));
    const { labels } = await listPictures(join(root, 'train'), classes, { someMissing: false });
    expect([...labels]).toEqual([...Array(300).keys()]);
  });
});

it('openDataset knows folders by imagefolder:PATH', async () => {
  const dataset = await openDataset(`imagefolder:${folder}`, { imageSize: 8 });
  expect(dataset.shape).toEqual([8, 8, 3]);
  for (const name of ['imagefolder', 'imagefolder:', 'imagenet'])
    await expect(openDataset(name)).rejects.toThrow(/known are mnist, .* and imagefolder:PATH$/);
  await expect(openDataset('mnist', { imageSize: 8 })).rejects.toThrow('leave imageSize out');
});

/** A PNG that claims 2^20 x 2^20 pixels, with the checksum right. */
async function hugePng(): Promise<Buffer> {
  const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  png.writeUInt32BE(2 ** 20, 16);
  png.writeUInt32BE(2 ** 20, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}
