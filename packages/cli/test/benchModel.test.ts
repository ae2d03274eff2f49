import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceBackend, type DeviceBuffer, packSigns, writeModel } from '@apb/core';
import { createSession } from '@apb/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkModel } from '../src/commands/bench/model/check.js';
import { compareBuffers } from '../src/commands/bench/model/compare.js';
import type { ModelRow } from '../src/commands/bench/model/measure.js';
import { profileBetween } from '../src/commands/bench/model/profile.js';
import { buildNetwork } from '../src/networks/index.js';
import { hasOnnxruntime, runApb } from './runApb.js';
import { smallModel } from './smallModel.js';

const folder = mkdtempSync(join(tmpdir(), 'apb-models-'));
const file = join(folder, 'model.safetensors');
const quick = ['--milliseconds', '1', '--quiet'];

beforeAll(async () => writeFileSync(file, await writeModel(smallModel())));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('bench model', () => {
  it('times networks with random weights and accounts for their memory', () => {
    const options = ['--network', 'resnet20', '--bits', '1,2', '--batch', '1,3', '--profile', '--json'];
    const { status, stdout, stderr } = runApb(folder, 'bench', 'model', ...options, ...quick);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { backend, threads, rows }: { backend: string; threads: number; rows: ModelRow[] } =
      JSON.parse(stdout);
    expect(backend).toMatch(/^(native|wasm)$/);
    expect(threads).toBe(1);
    expect(rows.map(({ network, op, bits, batch }) => [network, op, bits, batch])).toEqual([
      ['resnet20', '1/1', 1, 1],
      ['resnet20', '1/1', 1, 3],
      ['resnet20', '1/2', 2, 1],
      ['resnet20', '1/2', 2, 3],
    ]);
    for (const row of rows) {
      expect(row.msPerPicture).toBeCloseTo(row.us / 1e3 / row.batch, 9);
      expect(row.macs).toBeGreaterThan(40e6);
      expect(row.floatWeightBytes).toBe(4 * 267_264);
      expect(row.weightBytes!).toBeLessThan(row.floatWeightBytes / 8);
      expect(row.networkWeightBytes!).toBeGreaterThan(row.weightBytes!);
      expect(row.floatNetworkBytes).toBeGreaterThan(row.floatWeightBytes);
      expect(row.peakBytes!).toBeGreaterThan(row.nodeBytes!);
      expect(row).toMatchObject({ peers: [], fp32Ms: null, vsFp32: null, fp32PeakBytes: null });
      expect(row.profile!.find(step => step.op === 'conv2d')!.us).toBeGreaterThan(0);
    }
  });

  it.skipIf(!hasOnnxruntime)('compares with onnxruntime, memory included', () => {
    const options = ['--network', 'resnet20', '--bits', '2', '--batch', '1', '--peers', 'onnxruntime'];
    const { stdout } = runApb(folder, 'bench', 'model', ...options, ...quick, '--json');
    const [row]: ModelRow[] = JSON.parse(stdout).rows;
    expect(row.peers.map(({ name, kind }) => [name, kind])).toEqual([
      ['onnxruntime', 'fp32'],
      ['onnxruntime', 'qlinear'],
    ]);
    expect(row.vsFp32).toBeCloseTo(row.fp32Ms! / row.ms, 9);
    expect(row.vsQLinear).toBeCloseTo(row.qlinearMs! / row.ms, 9);
    expect(row.fp32PeakBytes).toBe(row.peers[0].peakBytes);
    expect(row.qlinearPeakBytes!).toBeGreaterThan(row.nodeBytes!);
  });

  it('times a model file and prints tables', () => {
    const { status, stdout } = runApb(folder, 'bench', 'model', file, '--batch', '2', ...quick, '--profile');
    expect(status).toBe(0);
    expect(stdout).toMatch(/model\.safetensors *│ 1\/32/);
    expect(stdout).toMatch(/2 at once, by step/);
  });

  it('names what is wrong with options', () => {
    const bad: [string[], RegExp][] = [
      [['--network', 'alexnet'], /alexnet is none of resnet20, vgg-small, resnet18/],
      [['--bits', '3'], /3 is none of 1, 2, 4, 8, 32/],
      [['--batch', '1,0'], /at least 1/],
      [['--peers', 'abacus'], /unknown peer abacus/],
      [[file, '--bits', '2'], /not both/],
      [[join(folder, 'absent')], /does not exist/],
    ];
    for (const [args, text] of bad) {
      const { status, stdout, stderr } = runApb(folder, 'bench', 'model', ...args, ...quick);
      expect(stdout).toBe('');
      expect(stderr).toMatch(text);
      expect(status).toBe(2);
    }
  });
});

describe('the check before timing', () => {
  const build = (bits: 1 | 2 | 32, seed: number) => buildNetwork('resnet20', { bits, share: 0.01, seed });

  it.each([1, 2, 32] as const)('passes networks of %i bits', async bits => {
    const model = build(bits, 1);
    const session = await createSession(model);
    await checkModel(model, session, 'it');
    session.dispose();
  });

  it('refuses a session whose output is not that of its steps', async () => {
    const session = await createSession(build(2, 2));
    await expect(checkModel(build(2, 1), session, 'it')).rejects.toThrow(
      /it is wrong: output 0 is .* step by/,
    );
    session.dispose();
  });

  it('refuses values that differ', async () => {
    const backend = createReferenceBackend();
    await backend.init();
    const floats = (...values: number[]) =>
      backend.upload({ shape: [values.length], data: Float32Array.from(values) });
    const signs = (...values: number[]) => {
      const encoding = { kind: 'sign', bits: 1, scale: 1 } as const;
      return backend.importPlanes(packSigns(Float32Array.from(values), 1, values.length), encoding);
    };
    const compare = (a: DeviceBuffer, b: DeviceBuffer, exact: boolean) =>
      compareBuffers([a, backend], [b, backend], exact);
    expect(compare(floats(1, 2), floats(1, 2), true)).toBeUndefined();
    expect(compare(floats(1, 2), floats(1, 2.00001), false)).toBeUndefined();
    expect(compare(floats(1, 2), floats(1, 2.00001), true)).toMatch(/value 1 is 2, not 2\.00001/);
    expect(compare(floats(1, 2), floats(1, 3), false)).toMatch(/value 1 is 2, not 3/);
    expect(compare(signs(1, -1), signs(1, -1), true)).toBeUndefined();
    expect(compare(signs(1, -1), signs(1, 1), false)).toMatch(/1 of 1 words/);
  });
});

describe('profileBetween', () => {
  it('is the mean of the runs between', () => {
    const step = (runs: number, us: number) => [{ nodes: ['a'], op: 'conv2d', isa: 'x', runs, us }];
    const expected = { nodes: ['a'], op: 'conv2d', product: null, us: 40 };
    expect(profileBetween(step(2, 10), step(5, 28))).toEqual([expected]);
    expect(profileBetween(step(2, 10), step(2, 10))).toEqual([{ ...expected, us: 0 }]);
  });
});
