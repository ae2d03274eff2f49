import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceBackend, type DeviceBuffer, type KernelBackend, type Op } from '@apb/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRow } from '../src/commands/bench/layers/measure.js';
import { measureLayers } from '../src/commands/bench/layers/measure.js';
import { summaryOf } from '../src/commands/bench/layers/summary.js';
import { race } from '../src/commands/bench/race.js';
import { loadOrt } from '../src/peers/ort.js';
import { hasOnnxruntime, runApb } from './runApb.js';

const folder = mkdtempSync(join(tmpdir(), 'apb-layers-'));
const shapes = join(folder, 'shapes.txt');
const quick = ['bench', 'layers', '--shapes', shapes, '--milliseconds', '1', '--quiet'];

beforeAll(() => writeFileSync(shapes, '40,144,36\n3,9,4\n'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function expectBadInput(args: readonly string[], ...texts: RegExp[]) {
  const { status, stdout, stderr } = runApb(folder, ...args);
  expect(stdout).toBe('');
  for (const text of texts) expect(stderr).toMatch(text);
  expect(status).toBe(2);
}

describe('bench layers', () => {
  it('times every layer in both modes', () => {
    const { status, stdout, stderr } = runApb(folder, ...quick, '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { backend, isa, threads, peers, rows, summary } = JSON.parse(stdout);
    expect(backend).toMatch(/^(native|wasm)$/);
    expect(isa).toMatch(/^[a-z0-9-]+$/);
    expect(threads).toBe(1);
    expect(peers).toEqual([]);
    const count = (mode: string) => rows.filter((row: LayerRow) => row.mode === mode).length;
    expect(count('float')).toBe(2 * 4 * 3);
    expect(count('chain')).toBe(2 * 3 * 3);
    for (const row of rows as LayerRow[]) {
      expect(row.gmacs).toBeCloseTo((row.m * row.k * row.n) / row.us / 1e3, 6);
      expect(row.weightBytes).toBeGreaterThan(0);
      expect(row).toMatchObject({ peers: [], fp32Us: null, qlinearUs: null, vsFp32: null, vsQLinear: null });
    }
    expect(summary).toHaveLength(4 * 3 + 3 * 3);
  });

  it.skipIf(!hasOnnxruntime)('compares with onnxruntime', () => {
    const few = ['--ops', '1/2,1/32', '--shares', '0.01', '--peers', 'onnxruntime'];
    const { stdout } = runApb(folder, ...quick, ...few, '--json');
    const { peers, rows } = JSON.parse(stdout);
    expect(peers).toMatchObject([{ name: 'onnxruntime', version: expect.stringMatching(/^\d+\./) }]);
    expect(peers[0].callUs).toBeGreaterThan(0);
    for (const row of rows as LayerRow[]) {
      const kinds = row.mode === 'float' ? ['fp32', 'qlinear'] : ['qlinear'];
      expect(row.peers.map(({ kind }) => kind)).toEqual(kinds);
      expect(row.qlinearUs).toBeGreaterThan(0);
      expect(row.fp32Us === null).toBe(row.mode === 'chain');
      if (row.vsQLinear !== null) expect(row.vsQLinear).toBeCloseTo(row.qlinearUs! / row.us, 6);
    }
    const { stdout: text } = runApb(folder, ...quick, ...few);
    expect(text).toMatch(/empty call are taken off/);
    expect(text).toMatch(/vs QLinear/);
  });

  it('compares the WebAssembly kernels with those of onnxruntime-web and TensorFlow.js', () => {
    const few = [
      '--backend',
      'wasm',
      '--ops',
      '1/2',
      '--shares',
      '0.01',
      '--peers',
      'onnxruntime-web,tfjs-wasm',
    ];
    const { stdout, stderr } = runApb(folder, ...quick, ...few, '--json');
    expect(stderr).toBe('');
    const { backend, peers, rows } = JSON.parse(stdout);
    expect(backend).toBe('wasm');
    expect(peers.map(({ name }: { name: string }) => name)).toEqual(['onnxruntime-web', 'tfjs-wasm']);
    for (const row of rows as LayerRow[]) {
      const ours = row.peers.map(({ name, kind }) => `${name} ${kind}`);
      // TensorFlow.js has no convolution of bytes.
      expect(ours).toEqual(
        row.mode === 'float'
          ? ['onnxruntime-web fp32', 'onnxruntime-web qlinear', 'tfjs-wasm fp32']
          : ['onnxruntime-web qlinear'],
      );
      const fp32 = row.peers.filter(({ kind }) => kind === 'fp32').map(({ us }) => us);
      if (row.mode === 'float') expect(row.fp32Us).toBe(Math.min(...fp32));
      for (const { us } of row.peers) expect(us).toBeGreaterThan(0);
    }
  });

  it('names what is wrong with options', () => {
    expectBadInput([...quick, '--ops', '1/3'], /1\/3/, /1\/1, 1\/2/);
    expectBadInput([...quick, '--shares', '0.1,2'], /2 is no share/);
    expectBadInput([...quick, '--peers', 'abacus'], /unknown peer abacus/, /onnxruntime/);
    expectBadInput([...quick, '--backend', 'abacus'], /abacus/, /native/);
    writeFileSync(join(folder, 'odd.txt'), '16,10,5\n');
    expectBadInput(['bench', 'layers', '--shapes', join(folder, 'odd.txt')], /16,10,5/, /multiple of 9/);
  });

  it('says how to install a peer that is not there', async () => {
    await expect(loadOrt('absent-runtime')).rejects.toThrow(/npm install absent-runtime/);
  });
});

describe('the check before timing', () => {
  const options = {
    shapes: [{ m: 3, k: 18, n: 4 }],
    ops: ['1/1', '1/2', '1/8', '1/32'] as const,
    shares: [0.05],
    peers: [],
    milliseconds: 1,
    seed: 1,
    onProgress: () => {},
  };

  it('passes results of the reference', async () => {
    const backend = createReferenceBackend();
    await backend.init();
    expect(await measureLayers(backend, options)).toHaveLength(4 + 3);
  });

  it.each(['1/1', '1/2', '1/8', '1/32'] as const)('refuses a %s layer that is a little off', async op => {
    const backend = shifted(createReferenceBackend());
    await backend.init();
    await expect(measureLayers(backend, { ...options, ops: [op] })).rejects.toThrow(
      new RegExp(`the layer ${op} 3,18,4 .* is wrong: output 0`),
    );
  });
});

/** A backend whose convolutions add a thousandth. */
function shifted(backend: KernelBackend): KernelBackend {
  const run = backend.run.bind(backend);
  backend.run = (op: Op, inputs: readonly DeviceBuffer[], out, weights) => {
    if (op.op !== 'conv2d') return run(op, inputs, out, weights);
    const shift = op.epilogue.shift.map(value => value + 1e-3);
    run({ ...op, epilogue: { ...op.epilogue, shift } }, inputs, out, weights);
  };
  return backend;
}

describe('race', () => {
  it('calls each in turn, with turns that count up', async () => {
    const calls: string[] = [];
    const times = await race([turn => calls.push(`a${turn}`), async turn => calls.push(`b${turn}`)], 1e-6);
    expect(calls.slice(0, 6)).toEqual(['a0', 'a1', 'b0', 'b1', 'a2', 'a3']);
    for (const us of times) expect(us).toBeGreaterThanOrEqual(0);
  });
});

describe('the summary', () => {
  it('has geometric means and least values, and null where a ratio is missing', () => {
    const row = (vsFp32: number | null, vsQLinear: number | null) =>
      ({ mode: 'float', op: '1/1', fullPrecisionShare: 0.01, vsFp32, vsQLinear }) as LayerRow;
    expect(summaryOf([row(2, 1), row(8, null)])).toEqual([
      {
        mode: 'float',
        op: '1/1',
        fullPrecisionShare: 0.01,
        vsFp32: expect.closeTo(4, 10),
        vsQLinear: null,
        leastVsFp32: 2,
        leastVsQLinear: null,
      },
    ]);
  });
});
