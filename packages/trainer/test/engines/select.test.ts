import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { engineNames, probeEngines, selectEngine } from '../../src/index.js';

describe('probing', () => {
  test('reports every engine with a reason and starts none', async () => {
    const before = Object.keys(tf.engine().registryFactory);
    const reports = await probeEngines();
    expect(reports.map(r => r.name)).toEqual([...engineNames]);
    for (const { reason } of reports) expect(reason).toMatch(/^\S.*\S$/);
    expect(reports.find(r => r.name === 'wasm')?.usable).toBe(true);
    expect(Object.keys(tf.engine().registryFactory)).toEqual(before);
  });
});

describe('selecting', () => {
  test('wasm and cpu by name: they compute, and handlers of unhandled errors stay as they were', async () => {
    const events = ['unhandledRejection', 'uncaughtException'] as const;
    const count = () => events.map(event => process.listenerCount(event));
    const before = count();
    for (const name of ['wasm', 'cpu']) {
      const selected = await selectEngine(name);
      expect(selected.name).toBe(name);
      expect(tf.getBackend()).toBe(name);
      expect([...tf.matMul([[1, 2]], [[3], [4]]).dataSync()]).toEqual([11]);
    }
    expect(count()).toEqual(before);
  });

  test('an engine keeps working when it is selected again, after another', async () => {
    await selectEngine('wasm');
    const x = tf.tensor1d([1, 2]);
    await selectEngine('cpu');
    const y = tf.add(x, 1);
    await selectEngine('wasm');
    expect([...tf.mul(x, y).dataSync()]).toEqual([2, 6]);
  });

  test('without a name: tensorflow where it is usable, else wasm, and why', async () => {
    const usable = (await probeEngines()).find(r => r.name === 'tensorflow')!.usable;
    const { name, reason } = await selectEngine();
    expect(name).toBe(usable ? 'tensorflow' : 'wasm');
    if (!usable) expect(reason).toContain('tensorflow is not usable: ');
  });

  test('an unknown name is an input error that lists the names', async () => {
    await expect(selectEngine('gpu')).rejects.toMatchObject({
      name: 'InputError',
      message: "unknown engine 'gpu': use one of tensorflow, wasm, cpu",
    });
  });
});
