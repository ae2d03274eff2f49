import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@apb/core';
import { fetchDataset } from '@apb/trainer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSweep } from '../src/sweep/plan.js';
import { groupsOf, type RunResult, spreadOf } from '../src/sweep/results.js';
import { runApb } from './runApb.js';

const folder = mkdtempSync(join(tmpdir(), 'apb-sweep-'));
const base = { model: 'mnist-cnn', data: 'mnist', epochs: 1, limit: 100, testLimit: 100, engine: 'wasm' };

beforeAll(async () => {
  await fetchDataset('mnist');
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('plan of a sweep', () => {
  const plan = (config: object) => planSweep({ base, ...config }, 's.yaml');

  it('multiplies methods with every combination of the grid', () => {
    const { runs } = plan({
      methods: [
        { name: 'APB, p99', weights: 'apb', deltaRule: { rule: 'percentile', percent: 99 } },
        { name: 'sign', weights: 'binary' },
      ],
      grid: { activations: [32, 2], seed: [1, 2] },
    });
    expect(runs.map(r => r.name)).toEqual([
      'APB-p99_activations-32_seed-1',
      'APB-p99_activations-32_seed-2',
      'APB-p99_activations-2_seed-1',
      'APB-p99_activations-2_seed-2',
      'sign_activations-32_seed-1',
      'sign_activations-32_seed-2',
      'sign_activations-2_seed-1',
      'sign_activations-2_seed-2',
    ]);
    expect(new Set(runs.map(r => r.group)).size).toBe(4);
    expect(runs[3].settings).toMatchObject({ ...base, weights: 'apb', activations: 2, seed: 2 });
  });

  it('takes the weights of the grid as the method', () => {
    const { runs } = plan({ grid: { weights: ['apb', 'fp32'] } });
    expect(runs.map(r => [r.name, r.method])).toEqual([
      ['apb', 'apb'],
      ['fp32', 'fp32'],
    ]);
  });

  it('starts from a full-precision run with the settings of all', () => {
    expect(plan({ init: { epochs: 4 } }).init).toMatchObject({ ...base, epochs: 4, weights: 'fp32' });
  });

  it.each<[string, object, RegExp]>([
    ['an unknown key', { gird: {} }, /s\.yaml: gird is unknown; known are base, methods, grid, init/],
    ['an unknown setting', { grid: { colour: ['red'] } }, /run apb_colour.*setting colour is unknown/],
    ['a value out of range', { grid: { epochs: [0] } }, /epochs must be an integer/],
    ['no list', { grid: { seed: 1 } }, /grid seed must be a list/],
    ['an empty list', { grid: { seed: [] } }, /grid seed must be a list/],
    ['a method without a name', { methods: [{ weights: 'apb' }] }, /methods, number 1 needs a name/],
    ['two names alike', { methods: [{ name: 'a b' }, { name: 'a-b' }] }, /two runs would be called a-b/],
    ['init in the wrong place', { base: { ...base, init: 'x' } }, /init belongs to the sweep/],
    ['settings to start from that are wrong', { init: { epochs: -1 } }, /s\.yaml: init: epochs/],
    [
      'a grid beyond measure',
      { grid: { seed: Array(200).fill(1), limit: Array(200).fill(1) } },
      /40000 runs/,
    ],
  ])('refuses %s', (_, config, text) => {
    expect(() => plan(config)).toThrow(InputError);
    expect(() => plan(config)).toThrow(text);
  });
});

describe('results of a sweep', () => {
  const run = (group: string, top1: number, fileBytes: number): RunResult => ({
    ...{ name: group, method: group, group, grid: {}, weights: 'apb', activations: 32 },
    ...{ status: 'done', top1, fileBytes, bitsPerWeight: 1, fullPrecisionShare: 0 },
  });

  it('have the mean and the sample standard deviation', () => {
    expect(spreadOf([1])).toEqual({ mean: 1, std: null });
    const { mean, std } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(mean).toBe(5);
    expect(std).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  it('mark what nothing beats in both top-1 and bytes', () => {
    const groups = groupsOf([
      run('a', 0.9, 100),
      run('b', 0.9, 90),
      run('c', 0.95, 200),
      run('d', 0.8, 150),
      run('e', 0.5, 80),
    ]);
    expect(groups.filter(g => g.pareto).map(g => g.group)).toEqual(['b', 'c', 'e']);
  });

  it('count failed runs, and leave out groups of nothing else', () => {
    const failed = { ...run('a', 0, 0), status: 'failed' as const, error: 'x' };
    const [a, ...others] = groupsOf([run('a', 0.5, 10), failed, { ...failed, group: 'z' }]);
    expect(a).toMatchObject({ group: 'a', done: 1, runs: 2, top1: { mean: 0.5, std: null } });
    expect(others).toEqual([]);
  });
});

describe('apb sweep', () => {
  const sweep = (config: string, out: string, ...more: string[]) =>
    runApb(folder, 'sweep', '--config', config, '-o', out, '--json', '--quiet', ...more);

  it('trains what is missing, names what failed, and goes on', { timeout: 600_000 }, () => {
    const config = {
      base,
      init: { epochs: 1 },
      methods: [
        { name: 'fp32', weights: 'fp32' },
        { name: 'apb', weights: 'apb' },
        // No loss survives this rate.
        { name: 'diverging', weights: 'apb', optimizer: 'sgd', learningRate: 1e38, batchSize: 10 },
      ],
      grid: { seed: [1, 2] },
    };
    writeFileSync(join(folder, 's.json'), JSON.stringify(config));
    const first = sweep('s.json', 'out');
    expect(first.status).toBe(1);
    const result = JSON.parse(first.stdout);
    expect(result.failed).toEqual(['diverging_seed-1', 'diverging_seed-2']);
    expect(result.runs.at(-1)).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/training diverged/),
    });
    expect(result.groups.map((g: { group: string }) => g.group)).toEqual(['fp32', 'apb']);
    const [fp32, apb] = result.groups;
    expect(fp32.fileBytes.mean).toBeGreaterThan(10 * apb.fileBytes.mean);
    expect(apb).toMatchObject({ done: 2, runs: 2, pareto: true });
    const { results, svg, html } = result.files;
    expect(JSON.parse(readFileSync(results, 'utf8')).runs).toEqual(result.runs);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[^>]*><title>Top-1 against bytes/);
    expect(readFileSync(html, 'utf8')).toContain('diverging_seed-1');

    // Half-done: the epoch's checkpoint is there, the model is not; and one that never began.
    const model = (name: string) => join(folder, 'out/runs', name, 'model.safetensors');
    const kept = statSync(model('fp32_seed-1')).mtimeMs;
    rmSync(model('apb_seed-1'));
    rmSync(join(folder, 'out/runs/apb_seed-2'), { recursive: true });
    const again = JSON.parse(sweep('s.json', 'out').stdout);
    expect(again.groups).toEqual(result.groups);
    expect(statSync(model('fp32_seed-1')).mtimeMs).toBe(kept);

    writeFileSync(join(folder, 's.json'), JSON.stringify({ ...config, base: { ...base, limit: 50 } }));
    const other = sweep('s.json', 'out');
    expect(other.status).toBe(2);
    expect(other.stderr).toMatch(/fp32_seed-1 holds a run with limit 100, not 50/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'stops at %s, with the way to go on',
    { timeout: 300_000 },
    async signal => {
      writeFileSync(join(folder, 'long.json'), JSON.stringify({ base: { ...base, epochs: 10_000 } }));
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, '../bin/apb.js'), 'sweep', '--config', 'long.json', '-o', signal],
        { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let stderr = '';
      child.stderr.on('data', chunk => {
        stderr += chunk;
      });
      while (!existsSync(join(folder, `${signal}/runs/apb/checkpoint.safetensors`)))
        await new Promise(done => setTimeout(done, 100));
      child.kill(signal);
      expect(await new Promise(done => child.on('close', done))).toBe(1);
      expect(stderr).toContain(`stopped; continue with: apb sweep --config long.json --out ${signal}`);
      expect(existsSync(join(folder, `${signal}/runs/apb/model.safetensors`))).toBe(false);
    },
  );

  it('names a file that holds no sweep', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'just text');
    for (const [file, text] of [
      ['bad.yaml', /holds no settings/],
      ['absent.yaml', /cannot be read/],
    ] as const) {
      const { status, stderr } = sweep(file, 'none');
      expect(status).toBe(2);
      expect(stderr).toMatch(text);
    }
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});
