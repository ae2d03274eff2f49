import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, isBinarized, type Model, writeModel } from '@apb/core';
import { fetchDataset } from '@apb/trainer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawn } from '../src/report/charts/svg.js';
import { weightHistogram } from '../src/report/charts/weights.js';
import { histogramOf } from '../src/report/histogram.js';
import { reportPage } from '../src/report/report.js';
import { readSources } from '../src/report/source.js';
import { runApb } from './runApb.js';
import { smallModel } from './smallModel.js';

const folder = mkdtempSync(join(tmpdir(), 'apb-report-'));
const read = (paths: string[]) => readSources(paths, () => {});

beforeAll(async () => {
  writeFileSync(join(folder, 'small.safetensors'), await writeModel(smallModel()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a page must be: one file, no script, no address that a browser would ask. */
function expectSelfContained(html: string) {
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).not.toMatch(/<script|<link|<img|@import|src=|href="http/i);
  expect(html.match(/<svg/g)!.length).toBe(
    html.match(/<svg[^>]* role="img"[^>]*><title>[^<]+<\/title>/g)!.length,
  );
  expect(html).not.toMatch(/\bNaN\b|undefined|\[object/);
}

describe('histograms', () => {
  const w = Float32Array.of(-0.9, -0.5, -0.1, 0, 0.1, 0.5, 0.6, 2);

  it('count every weight once, each kind within its interval', () => {
    const [alpha, delta] = [0.5, 0.45];
    const kind = (i: number) => (isBinarized(w[i], alpha, delta) ? 'binarized' : 'full precision');
    const { bins, bands, lines } = histogramOf(w, kind, [alpha], delta);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(w.length);
    const of = (name: string) => bins.filter(b => b.kind === name).reduce((sum, b) => sum + b.count, 0);
    expect(of('full precision')).toBe(2);
    expect(lines).toEqual([-0.5, 0.5]);
    expect(bands).toEqual([
      [-0.95, -0.5 + 0.45],
      [0.5 - 0.45, 0.95],
    ]);
  });

  it('mark one band where the interval holds zero, and cut it off at the ends', () => {
    const { bands, range } = histogramOf(w, () => 'binarized', [0.5], Number.POSITIVE_INFINITY);
    expect(bands).toEqual([[range[0], range[1]]]);
  });

  it.each([
    ['nothing but zeros', new Float32Array(9)],
    ['a single weight', Float32Array.of(1e-30)],
  ])('draw %s', async (_, weights) => {
    const { bins } = histogramOf(weights, () => 'binarized', [1], 1);
    expect(bins).toHaveLength(1);
    expect(await drawn(weightHistogram(histogramOf(weights, () => 'binarized', [1], 1)), 'x')).not.toMatch(
      /NaN/,
    );
  });
});

describe('report', () => {
  it('tells of a model file what can be known of it', async () => {
    const html = await reportPage(await read([join(folder, 'small.safetensors')]));
    expectSelfContained(html);
    for (const layer of ['conv', 'hidden', 'scores'])
      expect(html).toContain(`<figcaption>${layer}</figcaption>`);
    expect(html).toMatch(/released code/);
    expect(html).toContain('made by a test');
  });

  it('shows names as text, whatever they are', async () => {
    const model = JSON.parse(
      JSON.stringify(smallModel().graph).replaceAll('hidden', '<script>alert(1)</script>'),
    );
    const weights = Object.fromEntries(
      Object.entries(smallModel().weights).map(([k, v]) => [
        k.replace('hidden', '<script>alert(1)</script>'),
        v,
      ]),
    );
    const file = join(folder, 'hostile.safetensors');
    writeFileSync(file, await writeModel({ ...smallModel(), graph: model, weights } as Model));
    const html = await reportPage(await read([file]));
    expectSelfContained(html);
    expect(html).toContain('alert(1)');
  });

  it('draws runs, finished or not, over each other', async () => {
    await fetchDataset('mnist');
    const train = (out: string, ...more: string[]) =>
      runApb(
        folder,
        ...[
          'train',
          '--model',
          'mnist-cnn',
          '--data',
          'mnist',
          '--limit',
          '200',
          '--out',
          out,
          '--engine',
          'wasm',
        ],
        ...[...more, '--quiet'],
      );
    expect(train('one', '--weights', 'fp32').status).toBe(0);
    expect(train('two', '--init', 'one', '--activations', '2', '--epochs', '2').status).toBe(0);
    rmSync(join(folder, 'two', 'model.safetensors'));
    const { status, stdout, stderr } = runApb(
      folder,
      'report',
      'one',
      'two',
      '-o',
      'pages/r.html',
      '--json',
      '--quiet',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      file: 'pages/r.html',
      sources: [
        { path: 'one', kind: 'run', epochs: 1 },
        { path: 'two', kind: 'run', epochs: 2 },
      ],
    });
    const html = readFileSync(join(folder, 'pages/r.html'), 'utf8');
    expectSelfContained(html);
    for (const title of [
      'Loss',
      'Top-1',
      'Bits per weight',
      'Quantized inputs',
      'Weights that training moves',
    ])
      expect(html).toContain(title);
    expect(html).toContain('written when the run ends');
    expect(statSync(join(folder, 'pages/r.html')).size).toBe(result.bytes);
  });

  it('names what is missing or damaged', async () => {
    const bad = async (path: string, text: RegExp) => {
      await expect(read([join(folder, path)])).rejects.toThrow(InputError);
      await expect(read([join(folder, path)])).rejects.toThrow(text);
    };
    await bad('absent', /absent does not exist/);
    await mkdir(join(folder, 'broken'));
    writeFileSync(join(folder, 'broken', 'config.json'), '{');
    await bad('broken', /config\.json is damaged/);
    writeFileSync(join(folder, 'broken', 'config.json'), '{}');
    await bad('broken', /metrics\.jsonl cannot be read/);
    writeFileSync(join(folder, 'broken', 'metrics.jsonl'), '{"epoch":1}\n');
    await bad('broken', /line 1 is damaged: trainLoss/);
    const { status, stderr } = runApb(folder, 'report', 'absent', '-o', 'x.html');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^apb: .*absent/);
  });
});
