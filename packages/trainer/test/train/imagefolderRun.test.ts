import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, readModel } from '@apb/core';
import { createSession, normalise } from '@apb/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePictureFolder } from '../../bench/pictureFolder.mjs';
import { pixelBatches } from '../../src/data/batches.js';
import { openImageFolder } from '../../src/data/imagefolder/imageFolder.js';
import type { TrainCallbacks } from '../../src/train/report.js';
import { trainRun } from '../../src/train/trainRun.js';

let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'apb-folder-run-'));
  folder = join(root, 'colours');
  await writePictureFolder(folder, { train: 60, val: 24, classes: 3, size: 40, seed: 2 });
  const whole = await readFile(join(folder, 'train/class0/00000000.jpg'));
  await writeFile(join(folder, 'train/class0/cut.jpg'), whole.subarray(0, 200));
  await writeFile(join(folder, 'train/class2/text.jpg'), 'no picture');
  await writeFile(join(folder, 'val/class1/empty.png'), '');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const out = (name: string) => join(root, name);
const run = (name: string, options: object = {}, callbacks: TrainCallbacks = {}) =>
  trainRun(
    {
      model: 'mnist-cnn',
      data: `imagefolder:${folder}`,
      imageSize: 16,
      engine: 'wasm',
      epochs: 2,
      batchSize: 15,
      seed: 4,
      out: out(name),
      ...options,
    },
    callbacks,
  );

describe('a network trained on an image folder', () => {
  it('learns, warns of pictures left out, and writes a model that tells how pictures are resized', async () => {
    const warnings: string[] = [];
    const result = await run('first', {}, { onWarning: text => warnings.push(text) });
    const left = warnings.filter(text => text.includes('left out'));
    expect(left).toHaveLength(2);
    // An epoch's last pictures belong to no whole batch: 60 of 62 are read, and one of val's 25 is empty.
    for (const text of left)
      expect(text).toMatch(/^[123] pictures? could not be read and w(as|ere) left out: /);
    const bytes = await readFile(join(out('first'), 'model.safetensors'));
    const model = await readModel(bytes);
    expect(model.input).toMatchObject({ shape: [16, 16, 3], resize: { rule: 'crop', size: 18 } });
    expect(model.classes).toEqual(['class0', 'class1', 'class2']);
    expect(model.provenance).toMatchObject({ data: 'colours' });
    expect(bytes.includes(root)).toBe(false);
    // The packed model finds as many right as the trainer's last epoch.
    const dataset = await openImageFolder(folder, { input: model.input });
    const session = await createSession(model);
    let [right, pictures] = [0, 0];
    for await (const { pixels, labels, count } of pixelBatches(dataset.test, 10)) {
      const { data } = await session.run(normalise(pixels, count, model.input));
      labels.forEach((label, i) => {
        const own = data.subarray(3 * i, 3 * i + 3);
        if (own.indexOf(Math.max(...own)) === label) right++;
      });
      pictures += count;
    }
    session.dispose();
    await dataset.dispose!();
    expect(pictures).toBe(24);
    // A score within rounding of another may fall on the other side.
    expect(Math.abs(right / pictures - result.top1)).toBeLessThanOrEqual(1 / 24);
    const { top1 } = await run('more', { epochs: 12 });
    expect(top1).toBeGreaterThan(0.6);
  });

  it('trains a ResNet with pictures of its size', async () => {
    const { epochs, top1 } = await run('resnet', { model: 'resnet20', epochs: 1, limit: 30, testLimit: 6 });
    expect(epochs).toBe(1);
    expect(top1 * 6).toBeCloseTo(Math.round(top1 * 6), 10);
  });

  it('gives the same model whether it was stopped or not', async () => {
    await run('whole');
    const stop = new AbortController();
    const onProgress: TrainCallbacks['onProgress'] = p => {
      if (p.phase === 'train' && p.epoch === 2 && p.step === 2) stop.abort();
    };
    await expect(run('stopped', {}, { onProgress, signal: stop.signal })).rejects.toThrow();
    await trainRun({ out: out('stopped'), resume: true });
    const [a, b] = await Promise.all(
      ['whole', 'stopped'].map(name => readFile(join(out(name), 'model.safetensors'))),
    );
    expect(a.equals(b)).toBe(true);
  });

  it('starts from another one, batch norms estimated over pictures of every class', async () => {
    await run('source', { weights: 'fp32', epochs: 12 });
    const { top1 } = await run('from', {
      epochs: 1,
      init: out('source'),
      learningRate: 1e-9,
    });
    // Nothing is learned at that rate, and chance is 1/3.
    expect(top1).toBeGreaterThan(0.5);
  });

  it('ends at a picture that cannot be read when it must be strict', async () => {
    const error = await run('strict', { strict: true, batchSize: 31 }).catch(e => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(
      /train\/class(0\/cut|2\/text)\.jpg cannot be read as a picture \(.*\); repair/,
    );
  });
});
