import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '@apb/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallModel } from './smallModel.js';

const apb = join(import.meta.dirname, '../bin/apb.js');
const folder = mkdtempSync(join(tmpdir(), 'apb-cli-'));
const file = join(folder, 'model.safetensors');
let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await writeModel(smallModel());
  writeFileSync(file, bytes);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command line in the test folder with an empty cache. */
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [apb, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, APB_CACHE: join(folder, 'cache'), APB_BACKEND: '', NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

/** Bad input: exit code 2, nothing on stdout, one line on stderr that holds every given text. */
function expectBadInput(result: ReturnType<typeof run>, ...texts: (string | RegExp)[]) {
  expect(result.stdout).toBe('');
  for (const text of texts) expect(result.stderr).toMatch(text);
  expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(result.stderr).not.toMatch(/\bat .*:\d+:\d+/);
  expect(result.status).toBe(2);
}

describe('usage', () => {
  it('prints help and its version', () => {
    expect(run('--help')).toMatchObject({ status: 0, stderr: '' });
    expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(run('train', '--help')).toMatchObject({ status: 0 });
  });

  it('exits with 2 on unknown commands, options and values', () => {
    expectBadInput(run('frobnicate'), /unknown command 'frobnicate'/);
    expectBadInput(run('inspect', file, '--colour'), /unknown option '--colour'/);
    expectBadInput(run('eval', file, '--data', 'mnist', '--limit', '0'), /--limit/, /at least 1/);
    expectBadInput(run('train', '--out', 'x', '--weights', 'quaternary'), /quaternary/, /apb/);
  });
});

describe('bench kernels', () => {
  const shapes = join(folder, 'shapes.txt');

  it('times every op and variant of the shapes in a file, beside the ceiling', () => {
    writeFileSync(shapes, '# small\n16,144,64\n\n3,9,4 # ragged\n');
    const { status, stdout } = run(
      'bench',
      'kernels',
      '--shapes',
      shapes,
      '--milliseconds',
      '1',
      '--json',
      '--quiet',
    );
    expect(status).toBe(0);
    const { ceilingGmacs, ceilings, isa, threads, rows, sparse, convolutions, quantize, callOverheadUs } =
      JSON.parse(stdout);
    expect(isa).toMatch(/^[a-z0-9]+$/);
    expect(threads).toBe(1);
    expect(ceilingGmacs).toBe(Math.max(ceilings.xor, ceilings.and));
    const variants = (op: string) =>
      rows
        .filter((r: { op: string; m: number }) => r.op === op && r.m === 16)
        .map((r: { variant: string }) => r.variant);
    expect(variants('1/1')).toEqual(['apb', 'paper-1x1']);
    expect(variants('1/2')).toEqual(['apb', 'paper-1x2-masked']);
    expect(variants('2/2')).toEqual(['apb', 'paper-2x2-masked']);
    for (const op of ['1/4', '1/8', '1/32', '2/1']) expect(variants(op)).toEqual(['apb']);
    for (const row of rows) {
      expect(row.gmacs).toBeCloseTo((row.m * row.k * row.n) / row.us / 1e3, 6);
      const [w, a] = row.op.split('/').map(Number);
      if (a <= 4) expect(row.shareOfCeiling).toBeCloseTo((row.gmacs * w * a) / ceilingGmacs, 6);
      else expect(row.shareOfCeiling).toBeNull();
      expect(row.vsPaper === null).toBe(!['1/1', '1/2', '2/2'].includes(row.op));
      if (row.variant.startsWith('paper')) expect(row.vsPaper).toBe(1);
    }
    expect(sparse[0]).toMatchObject({ m: 16, k: 144, n: 64, fullPrecisionShare: 0, overhead: 0 });
    expect(convolutions[0]).toMatchObject({ op: '1/1', variant: 'plain', rateOfPlain: 1 });
    expect(quantize.map((q: { bits: number }) => q.bits)).toEqual([1, 2]);
    expect(callOverheadUs).toBeLessThan(1000);
    for (const row of rows) expect(row.vsPeer).toBeNull();
  }, 120_000);

  it('times the builds of the WebAssembly kernels', () => {
    writeFileSync(shapes, '16,144,64\n');
    const wasm = ['bench', 'kernels', '--backend', 'wasm'];
    const { status, stdout } = run(...wasm, '--shapes', shapes, '--milliseconds', '8', '--json', '--quiet');
    expect(status).toBe(0);
    const { ceilingGmacs, isa, rows, cpu } = JSON.parse(stdout);
    expect(isa).toMatch(/simd/);
    expect(ceilingGmacs).toBeGreaterThan(0);
    expect(cpu).not.toBe('');
    const scalar = rows.filter((r: { variant: string }) => r.variant === 'scalar');
    expect(scalar.map((r: { op: string }) => r.op)).toEqual(['1/1', '1/2', '1/4', '1/8', '2/2']);
    for (const row of rows) expect(row.shareOfCeiling).toBeGreaterThan(0);
    expectBadInput(run(...wasm, '--threads', '2'), /--threads go with the native kernels/);
    expectBadInput(run(...wasm, '--isa', 'mmx'), /no instruction set mmx/, /simd128/);
    expectBadInput(run('bench', 'kernels', '--backend', 'abacus'), /abacus/, /native, wasm/);
  });

  it('names what is wrong with shapes and instruction sets', () => {
    writeFileSync(shapes, '16,144,64\n16,0,64\n');
    expectBadInput(run('bench', 'kernels', '--shapes', shapes), /line 2/, /m,k,n/);
    writeFileSync(shapes, '999999,999999,1\n');
    expectBadInput(run('bench', 'kernels', '--shapes', shapes), /larger than a benchmark can hold/);
    writeFileSync(shapes, '# nothing\n');
    expectBadInput(run('bench', 'kernels', '--shapes', shapes), /hold no shape/);
    expectBadInput(run('bench', 'kernels', '--shapes', join(folder, 'absent')), /cannot read/);
    expectBadInput(run('bench', 'kernels', '--shapes', folder), /cannot read/, /not a file/);
    expectBadInput(run('bench', 'kernels', '--peers', 'abacus'), /unknown peer abacus/, /onnxruntime/);
    const { status, stderr } = run('bench', 'kernels', '--isa', 'mmx');
    expect(stderr).toMatch(/no instruction set mmx/);
    expect(status).toBe(1);
  });
});

describe('doctor', () => {
  it('names every backend and engine with a reason where it is not usable', () => {
    const { status, stdout } = run('doctor', '--json');
    expect(status).toBe(0);
    const { backends, training } = JSON.parse(stdout);
    expect(backends.map((b: { name: string }) => b.name)).toEqual(['native', 'wasm', 'reference']);
    expect(training.map((t: { name: string }) => t.name)).toEqual(
      expect.arrayContaining(['wasm', 'tensorflow', 'cpu']),
    );
    for (const b of [...backends, ...training]) if (!b.usable) expect(b.reason).not.toBe('');
    expect(backends.find((b: { name: string }) => b.name === 'reference')).toMatchObject({ usable: true });
  });
});

describe('inspect', () => {
  it('gives per-layer shares and three accountings; file equals the bytes on disk', () => {
    const { status, stdout } = run('inspect', file, '--json');
    expect(status).toBe(0);
    const { layers, totals, fileBytes } = JSON.parse(stdout);
    expect(fileBytes).toBe(statSync(file).size);
    expect(totals.model.file).toBe(8 * fileBytes);
    const hidden = layers.find((l: { name: string }) => l.name.startsWith('hidden'));
    const s = hidden.fullPrecision;
    expect(s).toBeGreaterThan(0);
    expect(hidden.fullPrecisionShare).toBe(s / (32 * 196));
    expect(totals.compressed.paper).toBe(32 * 196 + s * (32 + 13));
  });

  it('prints a table and, with --plan, the operations', () => {
    expect(run('inspect', file).stdout).toMatch(/hidden/);
    const { plan } = JSON.parse(run('inspect', file, '--plan', '--backend', 'reference', '--json').stdout);
    expect(plan.backend).toBe('reference');
    expect(plan.steps.map((s: { op: string }) => s.op)).toContain('conv2d');
    const hidden = plan.steps.find((s: { nodes: string[] }) => s.nodes.includes('hidden'));
    expect(hidden).toMatchObject({ op: 'gemm', backend: 'reference', isa: 'js', multiplyAdds: 32 * 196 });
    expect(hidden.weightBytes).toBeGreaterThan(0);
    const text = run('inspect', file, '--plan', '--backend', 'reference').stdout;
    expect(text).toMatch(/hidden .*gemm .*reference .*js .*6272/);
  });
});

describe('predict', () => {
  it('gives the top classes of a picture', async () => {
    const picture = join(folder, 'grey.png');
    await sharp({ create: { width: 28, height: 28, channels: 3, background: '#777' } })
      .png()
      .toFile(picture);
    const { status, stdout } = run('predict', file, picture, '--json');
    expect(status).toBe(0);
    const [{ file: name, classes }] = JSON.parse(stdout).predictions;
    expect(name).toBe(picture);
    expect(classes).toHaveLength(3);
    expect(classes[0].probability).toBeGreaterThanOrEqual(classes[1].probability);
  });

  it('refuses pictures of the wrong size, broken and missing ones', async () => {
    const large = join(folder, 'large.png');
    await sharp({ create: { width: 40, height: 28, channels: 3, background: '#777' } })
      .png()
      .toFile(large);
    expectBadInput(run('predict', file, large), /large\.png is 40x28/, /28x28/);
    writeFileSync(join(folder, 'broken.png'), 'no picture');
    expectBadInput(run('predict', file, join(folder, 'broken.png')), /broken\.png/, /PNG/);
    expectBadInput(run('predict', file, join(folder, 'absent.png')), /absent\.png/);
  });
});

describe('bad model files', () => {
  it('names a file that is missing, truncated, flipped or has an oversized header', () => {
    expectBadInput(run('inspect', 'nowhere.safetensors'), /nowhere\.safetensors does not exist/);
    const bad = join(folder, 'bad.safetensors');
    writeFileSync(bad, bytes.subarray(0, bytes.length - 1));
    expectBadInput(run('inspect', bad), /bad\.safetensors/);
    const flipped = bytes.slice();
    flipped[flipped.length - 5] ^= 4;
    writeFileSync(bad, flipped);
    expectBadInput(run('eval', bad, '--data', 'mnist'), /bad\.safetensors/);
    const oversized = bytes.slice();
    oversized.set([255, 255, 255, 255, 255, 255, 255, 127]);
    writeFileSync(bad, oversized);
    expectBadInput(run('predict', bad, 'x.png'), /bad\.safetensors/);
  });
});

describe('data and training', () => {
  it('says how to get a missing data set and leaves nothing behind', () => {
    expectBadInput(run('eval', file, '--data', 'cifar10'), /cifar10/, /apb data fetch cifar10/);
    const train = ['train', '--model', 'resnet20', '--data', 'cifar10', '--epochs', '1', '--out', 'lost'];
    expectBadInput(run(...train), /apb data fetch cifar10/);
    expect(readdirSync(folder)).not.toContain('lost');
  });

  it('names unknown models and data sets and the known ones', () => {
    expectBadInput(
      run('train', '--model', 'resnet21', '--data', 'mnist', '--out', 'lost'),
      /resnet21/,
      /resnet20/,
    );
    expectBadInput(run('data', 'fetch', 'imagenet'), /imagenet/, /cifar10/);
    expectBadInput(run('eval', file, '--data', 'imagenet'), /imagenet/, /mnist/);
    expect(readdirSync(folder)).not.toContain('lost');
  });

  it('refuses a bad config file', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'epochs: [');
    expectBadInput(run('train', '--config', 'bad.yaml', '--out', 'lost'), /bad\.yaml/);
    writeFileSync(join(folder, 'bad.yaml'), 'epoks: 3\nmodel: mnist-cnn\ndata: mnist');
    expectBadInput(run('train', '--config', 'bad.yaml', '--out', 'lost'), /epoks/);
    mkdirSync(join(folder, 'empty'));
    expectBadInput(run('train', '--resume', '--out', 'empty'), /empty/);
  });
});
