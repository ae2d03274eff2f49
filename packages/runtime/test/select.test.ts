import { CONTRACT_VERSION, InputError } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { defaultCandidates, probeBackends, selectBackend } from '../src/index.js';
import { fake } from './fakes.js';

const env = {};
const good = fake('good');
const unusable = fake('unusable', {
  probe: async () => ({ unusable: 'This machine has no popcount.', fix: 'Use the wasm backend.' }),
});
const throwing = fake('throwing', {
  probe: async () => {
    throw new Error('the probe fell over');
  },
});
const outdated = fake('outdated', { contractVersion: CONTRACT_VERSION + 1 });
const absent = {
  name: 'absent',
  load: async () => {
    throw new Error('absent is not installed; add it with: npm install absent');
  },
};
const failing = fake('failing', {
  init: async () => {
    throw new Error('the thread pool did not start');
  },
});

describe('selectBackend', () => {
  it('takes the first that works and says why the ones before it do not', async () => {
    const candidates = [absent, unusable, throwing, outdated, failing, good, fake('never')];
    const { backend, rejected } = await selectBackend(candidates, { env });
    expect(backend.name).toBe('good');
    expect(rejected).toEqual([
      { name: 'absent', reason: 'absent is not installed; add it with: npm install absent' },
      { name: 'unusable', reason: 'This machine has no popcount. Use the wasm backend.' },
      { name: 'throwing', reason: 'the probe fell over' },
      {
        name: 'outdated',
        reason: `@example/outdated implements version ${CONTRACT_VERSION + 1} of the kernel contract and @apb/runtime needs version ${CONTRACT_VERSION}; install versions of @example/outdated and @apb/runtime that were released together`,
      },
      { name: 'failing', reason: 'the thread pool did not start' },
    ]);
    // Initialised: the capabilities of a reference backend can be read only then.
    expect(backend.upload({ shape: [1], data: Float32Array.of(1) }).spec.shape).toEqual([1]);
  });

  it('fails with every reason when none works', async () => {
    const attempt = selectBackend([absent, throwing], { env });
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow(/absent: absent is not installed.*throwing: the probe fell over/);
  });

  it('a forced backend is taken alone, or is an InputError with its reason', async () => {
    expect((await selectBackend([good, fake('better')], { backend: 'better', env })).backend.name).toBe(
      'better',
    );
    const attempt = selectBackend([unusable, good], { backend: 'unusable', env });
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow(/unusable: This machine has no popcount/);
    await expect(selectBackend([good, unusable], { backend: 'typo', env })).rejects.toThrow(
      'there is no kernel backend typo; choose one of good, unusable',
    );
  });

  it('a forced instruction set passes over backends without it', async () => {
    const log: string[] = [];
    const { backend, rejected } = await selectBackend(
      [
        fake('a', { probe: async () => ({ isas: ['x'], isa: 'x', threads: 1, ops: new Set() }) }),
        fake('b', { log }),
      ],
      { isa: 'narrow', threads: 3, env },
    );
    expect(backend.name).toBe('b');
    expect(rejected).toEqual([{ name: 'a', reason: 'it has no instruction set narrow here, only x' }]);
    expect(log).toEqual(['init {"isa":"narrow","threads":3}']);
    await expect(selectBackend([good], { isa: 'none', env })).rejects.toThrow(InputError);
  });

  it('APB_BACKEND, APB_ISA and APB_THREADS stand in for absent options', async () => {
    const log: string[] = [];
    const candidates = [good, fake('other', { log })];
    const variables = { APB_BACKEND: 'other', APB_ISA: 'narrow', APB_THREADS: '2' };
    expect((await selectBackend(candidates, { env: variables })).backend.name).toBe('other');
    await selectBackend(candidates, { backend: 'other', isa: 'wide', threads: 1, env: variables });
    expect(log).toEqual(['init {"isa":"narrow","threads":2}', 'init {"isa":"wide","threads":1}']);
    expect(
      (await selectBackend(candidates, { env: { APB_BACKEND: '', APB_THREADS: '' } })).backend.name,
    ).toBe('good');
    for (const APB_THREADS of ['0', '-1', '1.5', 'many'])
      await expect(selectBackend(candidates, { env: { APB_THREADS } })).rejects.toThrow(
        `APB_THREADS=${APB_THREADS} is not a number of threads; give a whole number of at least 1`,
      );
    await expect(selectBackend(candidates, { threads: 0, env })).rejects.toThrow('threads 0 is not a number');
  });

  it('reads the environment of the process unless told otherwise', async () => {
    process.env.APB_BACKEND = 'other';
    try {
      expect((await selectBackend([good, fake('other')])).backend.name).toBe('other');
    } finally {
      delete process.env.APB_BACKEND;
    }
  });

  it('disposes of every backend it does not return', async () => {
    const log: string[] = [];
    const faults = [
      fake('1', { log, contractVersion: -1 }),
      fake('2', { log, probe: async () => ({ unusable: 'no', fix: 'no' }) }),
    ];
    await selectBackend([...faults, good], { env });
    expect(log).toEqual(['dispose', 'dispose']);
  });
});

describe('probeBackends', () => {
  it('reports every candidate', async () => {
    expect(await probeBackends([absent, good, unusable])).toEqual([
      {
        name: 'absent',
        usable: false,
        isas: [],
        reason: 'absent is not installed; add it with: npm install absent',
      },
      { name: 'good', usable: true, isas: ['wide', 'narrow'], reason: '' },
      {
        name: 'unusable',
        usable: false,
        isas: [],
        reason: 'This machine has no popcount. Use the wasm backend.',
      },
    ]);
  });
});

describe('defaultCandidates', () => {
  it('tries native, then wasm, then the reference, which always works', async () => {
    const reports = await probeBackends(defaultCandidates());
    expect(reports.map(r => r.name)).toEqual(['native', 'wasm', 'reference']);
    expect(reports[2]).toEqual({ name: 'reference', usable: true, isas: ['js'], reason: '' });
    for (const { usable, reason } of reports) expect(reason === '').toBe(usable);
  });
});
