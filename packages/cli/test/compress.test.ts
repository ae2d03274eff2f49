import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseValues, type Model, memoryOf, readModel, writeModel } from '@apb/core';
import { toFloatSafetensors, toOnnx, toTfjs } from '@apb/interop';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/index.js';
import { smallModel } from './smallModel.js';

const root = mkdtempSync(join(tmpdir(), 'apb-compress-'));
const pictures = join(root, 'pictures');
let folder: string;

/** The small model with all weights in full precision, no two alike, and no class names on request. */
function floatModel(classes = smallModel().classes): Model {
  const packed = smallModel();
  const hidden = denseValues(packed.weights['hidden/kernel']).map((v, i) => v + 0.4 * Math.sin(3 * i));
  const float = { encoding: 'float' as const, shape: packed.weights['hidden/kernel'].shape, values: hidden };
  return { ...packed, weights: { ...packed.weights, 'hidden/kernel': float }, classes };
}

beforeAll(async () => {
  for (const part of ['train', 'val'])
    for (const name of smallModel().classes) {
      mkdirSync(join(pictures, part, name), { recursive: true });
      for (let i = 0; i < 6; i++) {
        const pixels = Uint8Array.from({ length: 784 }, (_, p) => (p * (Number(name) + 2) * (i + 3)) % 251);
        await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
          .png()
          .toFile(join(pictures, part, name, `${i}.png`));
      }
    }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = mkdtempSync(join(root, 'case-'));
  writeFileSync(join(folder, 'net.safetensors'), await writeModel(floatModel()));
});

/** Runs the command in the case's folder, in this process, where a start costs nothing: so that many can be tried. */
async function compress(...args: string[]) {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name] += text;
      return true;
    }),
  );
  const here = process.cwd();
  process.chdir(folder);
  try {
    const status = await main(['compress', ...args]);
    return { status, ...written };
  } finally {
    process.chdir(here);
    for (const spy of spies) spy.mockRestore();
  }
}

/** Exit code 2, nothing on stdout, one line on stderr that holds every given text, and nothing new in the folder. */
async function expectBadInput(args: readonly string[], ...texts: RegExp[]) {
  const before = readdirSync(folder).sort();
  const { status, stdout, stderr } = await compress(...args, '--quiet');
  expect(stdout).toBe('');
  for (const text of texts) expect(stderr).toMatch(text);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(status).toBe(2);
  expect(readdirSync(folder).sort()).toEqual(before);
}

describe('compress', () => {
  it('writes a model at the budget, reports it, and replaces an older one', async () => {
    writeFileSync(join(folder, 'small.safetensors'), 'an older one');
    const { status, stdout, stderr } = await compress(
      'net.safetensors',
      '-o',
      'small.safetensors',
      '--bits-per-weight',
      '1.5',
      '--json',
      '--quiet',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { layers, totals, file, fileBytes } = JSON.parse(stdout);
    const bytes = readFileSync(join(folder, 'small.safetensors'));
    expect([file, fileBytes]).toEqual(['small.safetensors', bytes.length]);
    const model = await readModel(bytes);
    expect(totals).toEqual(memoryOf(model, bytes.length).totals);
    expect(totals.compressed.bitsPerWeight).toBeLessThanOrEqual(1.5);
    expect(totals.compressed.bitsPerWeight).toBeGreaterThan(1.485);
    expect(layers.map((l: { name: string }) => l.name)).toEqual(['hidden', 'conv', 'scores']);
    expect(layers[1].reason).toBe('is the first convolution');
    expect(model.provenance).toMatchObject({ note: 'made by a test', source: 'net.safetensors' });
    expect(readdirSync(folder).sort()).toEqual(['net.safetensors', 'small.safetensors']);
  });

  it('calibrates on a folder of pictures and says what that did', async () => {
    const args = ['net.safetensors', '-o', 'a.safetensors', '--bits-per-weight', '1.5'];
    const { status, stdout } = await compress(...args, '--data', `imagefolder:${pictures}`, '--json');
    expect(status).toBe(0);
    const { totals, calibration, top1, layers } = JSON.parse(stdout);
    expect(calibration).toEqual({ data: 'pictures', pictures: 40, checkPictures: 20 });
    expect(totals.outputError).toBeGreaterThan(0);
    expect(totals.outputError).toBeLessThan(1);
    expect(Object.keys(top1)).toEqual(['before', 'after']);
    expect(layers[0].sensitivity).toBeGreaterThan(0);
    const fewer = await compress(...args, '--data', `imagefolder:${pictures}`, '--calibration', '12');
    expect(fewer.stdout).toMatch(/hidden .*output error|output error[\s\S]*hidden/);
    expect(fewer.stdout).toMatch(/top-1 there \d/);
    const text = await compress(...args);
    expect(text.stdout).toMatch(/a\.safetensors: .* 1\.\d{3} bits a weight over 6272 compressed weights/);
    expect(text.stderr).toMatch(/without --data only the errors of weights count/);
  });

  it('calibrates on generated pictures, the same ones every time', async () => {
    const args = ['--bits-per-weight', '1.5', '--data', 'generated', '--calibration', '20', '--json'];
    const { status, stdout, stderr } = await compress('net.safetensors', '-o', 'a.safetensors', ...args);
    expect([status, stderr]).toEqual([0, '']);
    const { calibration, top1, totals } = JSON.parse(stdout);
    expect(calibration).toEqual({ data: 'generated', pictures: 20, checkPictures: 20 });
    expect(top1).toBeUndefined();
    expect(totals.outputError).toBeLessThan(1);
    await compress('net.safetensors', '-o', 'b.safetensors', ...args);
    expect(readFileSync(join(folder, 'a.safetensors'))).toEqual(readFileSync(join(folder, 'b.safetensors')));
  });

  it('takes ONNX, float safetensors and a model of TensorFlow.js, by what they hold', async () => {
    // Names that say nothing.
    writeFileSync(join(folder, 'a.bin'), toOnnx(floatModel()));
    writeFileSync(join(folder, 'b.bin'), toFloatSafetensors(floatModel()));
    mkdirSync(join(folder, 'web'));
    const dense = (name: string, units: number, from?: number) => ({
      class_name: 'Dense',
      config: { name, units, activation: 'linear', ...(from && { batch_input_shape: [null, from] }) },
    });
    const shapes = {
      'a/kernel': [6, 20],
      'a/bias': [20],
      'b/kernel': [20, 20],
      'b/bias': [20],
      'c/kernel': [20, 3],
      'c/bias': [3],
    };
    const values = Float32Array.from({ length: 623 }, (_, i) => Math.sin(7 * i));
    writeFileSync(join(folder, 'web', 'shard.bin'), new Uint8Array(values.buffer));
    writeFileSync(
      join(folder, 'web', 'model.json'),
      JSON.stringify({
        format: 'layers-model',
        modelTopology: {
          class_name: 'Sequential',
          config: { name: 's', layers: [dense('a', 20, 6), dense('b', 20), dense('c', 3)] },
        },
        weightsManifest: [
          {
            paths: ['shard.bin'],
            weights: Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: 'float32' })),
          },
        ],
      }),
    );
    for (const [given, note] of [
      ['a.bin', undefined],
      ['b.bin', undefined],
      ['web', /does not say how pixels/],
    ] as const) {
      const { status, stdout, stderr } = await compress(
        given,
        '-o',
        'out.safetensors',
        '--bits-per-weight',
        '3',
        '--json',
      );
      expect(status).toBe(0);
      const { totals } = JSON.parse(stdout);
      expect(totals.compressed.bitsPerWeight).toBeLessThanOrEqual(3);
      if (note) expect(stderr).toMatch(note);
      expect(
        (await readModel(readFileSync(join(folder, 'out.safetensors')))).provenance.source,
      ).toBeDefined();
      rmSync(join(folder, 'out.safetensors'));
    }
  });

  it('takes the classes of the data and the pixels’ statistics from the command line where the file has none', async () => {
    writeFileSync(join(folder, 'net.safetensors'), await writeModel(floatModel([])));
    const { status } = await compress(
      ...[
        'net.safetensors',
        '-o',
        'a.safetensors',
        '--bits-per-weight',
        '2',
        '--data',
        `imagefolder:${pictures}`,
      ],
      ...['--mean', '0.5', '--std', '0.25', '--keep', 'none', '--per-channel'],
    );
    expect(status).toBe(0);
    const model = await readModel(readFileSync(join(folder, 'a.safetensors')));
    expect(model.classes).toEqual(smallModel().classes);
    expect(model.input).toMatchObject({ mean: [0.5], std: [0.25] });
    expect(model.weights['conv/kernel'].encoding).toBe('apb');
    expect(model.weights['hidden/kernel']).toMatchObject({ weights: { scales: { length: 32 } } });
  });
});

describe('bad usage of compress', () => {
  const budget = ['--bits-per-weight', '1.5'];

  it('names what is missing or out of range', async () => {
    await expectBadInput(['net.safetensors', ...budget], /--out/);
    await expectBadInput(['net.safetensors', '-o', 'a'], /--bits-per-weight/);
    await expectBadInput(
      ['net.safetensors', '-o', 'a', '--bits-per-weight', '0.5'],
      /from 1 to 32, got 0\.5/,
    );
    await expectBadInput(['net.safetensors', '-o', 'a', '--bits-per-weight', 'few'], /--bits-per-weight/);
    await expectBadInput(
      ['net.safetensors', '-o', 'a', ...budget, '--calibration', '10'],
      /--calibration.*--data/,
    );
    await expectBadInput(
      ['net.safetensors', '-o', 'a', ...budget, '--keep', 'convx'],
      /no layer "convx".*conv, hidden, scores/,
    );
    await expectBadInput(['net.safetensors', '-o', 'a', ...budget, '--mean', '1,x'], /--mean/);
    await expectBadInput(
      ['net.safetensors', '-o', 'a', ...budget, '--mean', '1,2'],
      /mean of the input description/,
    );
  });

  it('names models that cannot be read or compressed', async () => {
    await expectBadInput(['absent.onnx', '-o', 'a', ...budget], /absent\.onnx does not exist/);
    writeFileSync(join(folder, 'net.h5'), Uint8Array.of(0x89, 0x48, 0x44, 0x46));
    await expectBadInput(['net.h5', '-o', 'a', ...budget], /net\.h5: .*tensorflowjs_converter/);
    writeFileSync(join(folder, 'model.json'), toTfjs(floatModel()).get('model.json') as Uint8Array);
    await expectBadInput(['model.json', '-o', 'a', ...budget], /model\.json: it is a graph model/);
    writeFileSync(join(folder, 'done.safetensors'), await writeModel(smallModel()));
    await expectBadInput(['done.safetensors', '-o', 'a', ...budget], /hidden is apb already/);
    mkdirSync(join(folder, 'empty'));
    await expectBadInput(
      ['empty', '-o', 'a', ...budget],
      /empty holds neither model\.safetensors nor model\.json/,
    );
  });

  it('names data sets that are absent or do not fit', async () => {
    const out = ['-o', 'a', ...budget];
    await expectBadInput(['net.safetensors', ...out, '--data', 'imagenet'], /no data set "imagenet"/);
    await expectBadInput(['net.safetensors', ...out, '--data', 'imagefolder:nowhere'], /nowhere/);
    const two = floatModel();
    const input = { ...two.input, shape: [28, 28, 2], mean: [0, 0], std: [1, 1] };
    const weights = {
      ...two.weights,
      'conv/kernel': { encoding: 'float' as const, shape: [4, 3, 3, 2], values: new Float32Array(72) },
    };
    const graph = { ...two.graph, inputShape: [28, 28, 2] };
    writeFileSync(join(folder, 'two.safetensors'), await writeModel({ ...two, graph, weights, input }));
    await expectBadInput(['two.safetensors', ...out, '--data', `imagefolder:${pictures}`], /\[28,28,2\]/);
    const classes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    writeFileSync(join(folder, 'named.safetensors'), await writeModel(floatModel(classes)));
    await expectBadInput(
      ['named.safetensors', ...out, '--data', `imagefolder:${pictures}`],
      /tells 10 classes \(a, b, c/,
    );
  });

  it('replaces neither the model nor a folder', async () => {
    await expectBadInput(['net.safetensors', '-o', './net.safetensors', ...budget], /is the model itself/);
    mkdirSync(join(folder, 'mine'));
    await expectBadInput(['net.safetensors', '-o', 'mine', ...budget], /mine is a folder/);
    expect(existsSync(join(folder, 'mine'))).toBe(true);
  });
});
