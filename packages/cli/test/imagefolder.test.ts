import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '@apb/core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runApb } from './runApb.js';
import { smallModel } from './smallModel.js';

const folder = mkdtempSync(join(tmpdir(), 'apb-imagefolder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = 'model.safetensors';
const file = (label: number) => `photos/val/${label}/picture.jpg`;

/** One colour picture a class in both folders, larger than the model's 28 x 28 grey ones. */
beforeAll(async () => {
  const input = { ...smallModel().input, resize: { rule: 'crop', size: 32 } } as const;
  writeFileSync(join(folder, model), await writeModel({ ...smallModel(), input }));
  for (let label = 0; label < 10; label++)
    for (const part of ['train', 'val']) {
      mkdirSync(join(folder, 'photos', part, String(label)), { recursive: true });
      const noise = { type: 'gaussian', mean: 20 * label + 30, sigma: 40 } as const;
      await sharp({ create: { width: 60 + label, height: 44, channels: 3, background: '#000', noise } })
        .jpeg()
        .toFile(join(folder, 'photos', part, String(label), 'picture.jpg'));
    }
  writeFileSync(join(folder, 'photos/val/3/broken.png'), 'no picture');
});

it('apb eval finds right what apb predict finds, and tells of a picture that it cannot read', () => {
  const predicted = runApb(
    folder,
    'predict',
    model,
    ...Array.from({ length: 10 }, (_, i) => file(i)),
    '--json',
  );
  expect(predicted).toMatchObject({ status: 0 });
  const { predictions } = JSON.parse(predicted.stdout);
  const right = predictions.filter(
    ({ classes }: { classes: { name: string }[] }, i: number) => classes[0].name === String(i),
  ).length;
  const { status, stdout, stderr } = runApb(folder, 'eval', model, '--data', 'imagefolder:photos', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ images: 10, top1: right / 10 });
  expect(stderr).toMatch(/^1 picture could not be read and was left out: .*val\/3\/broken\.png \(.*\)\n$/);
});

it('apb eval fails at it when it must be strict, and at another set of classes', () => {
  const strict = runApb(folder, 'eval', model, '--data', 'imagefolder:photos', '--strict');
  expect(strict).toMatchObject({ status: 2, stdout: '' });
  expect(strict.stderr).toMatch(
    /^apb: .*broken\.png cannot be read as a picture \(it is neither JPEG nor PNG\)/,
  );
  rmSync(join(folder, 'photos/train/9'), { recursive: true });
  rmSync(join(folder, 'photos/val/9'), { recursive: true });
  const fewer = runApb(folder, 'eval', model, '--data', 'imagefolder:photos');
  expect(fewer).toMatchObject({ status: 2, stdout: '' });
  expect(fewer.stderr).toMatch(/the model tells 10 classes \(0, 1, 2, \.\.\.\) apart, photos has 9 classes/);
});
