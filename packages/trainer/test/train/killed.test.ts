import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { fetchDataset } from '../../src/index.js';

let folder: string;
beforeAll(async () => {
  await fetchDataset('mnist');
}, 300_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'apb-killed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const child = fileURLToPath(new URL('./killed.child.mjs', import.meta.url));

/** Everything the child said; it is killed as soon as it says `killAt`. */
async function run(args: string[], killAt?: string): Promise<string[]> {
  const running = spawn(process.execPath, [child, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(running, 'exit');
  let errors = '';
  running.stderr.on('data', text => (errors += text));
  const said: string[] = [];
  for await (const line of createInterface({ input: running.stdout })) {
    said.push(line);
    if (line === killAt) running.kill('SIGKILL');
  }
  const [code, signal] = await exited;
  if (killAt) expect(signal, errors).toBe('SIGKILL');
  else if (code !== 0) throw new Error(`the child failed: ${errors}`);
  return said;
}

/** Lines of metrics.jsonl without the fields that tell times. */
async function metricsOf(out: string): Promise<unknown[]> {
  const lines = (await readFile(join(out, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map(line => {
    const { seconds, imagesPerSecond, ...rest } = JSON.parse(line);
    expect(seconds).toBeGreaterThan(0);
    expect(imagesPerSecond).toBeGreaterThan(0);
    return rest;
  });
}

it.each([
  ['of the defaults', {}],
  ['that prunes', { weights: 'prune' }],
  [
    'with everything else',
    {
      optimizer: 'sgd',
      learningRate: 0.02,
      quantizerOptimizer: 'adam',
      schedule: 'one-cycle',
      clipNorm: 1,
      labelSmoothing: 0.1,
      mix: { mixup: 0.4, cutmix: 1, probability: 0.8 },
      augment: true,
      distill: { weight: 0.3 },
      ema: 0.9,
      freezeQuantizersAtEpoch: 1,
      freezeMaskAtEpoch: 1,
      reinitialiseAtEpoch: 1,
      validation: 32,
    },
  ],
  ['with a mean of the weights under a budget', { bitsPerWeight: 1.5, ema: 0.9, schedule: 'constant' }],
])(
  'a run %s killed in its second epoch goes on with the second and ends as an undisturbed one',
  async (_, settings) => {
    const [killed, whole] = [join(folder, 'killed'), join(folder, 'whole')];
    const given = JSON.stringify(settings);
    await run([killed, given], 'train 2 5');
    expect((await metricsOf(killed)).length).toBe(1);
    const said = await run([killed, given, 'resume']);
    expect(said[0]).toBe('train 2 1');
    expect(said.filter(line => line.startsWith('epoch'))).toEqual(['epoch 2', 'epoch 3']);
    await run([whole, given]);
    expect(await metricsOf(killed)).toEqual(await metricsOf(whole));
    const model = (out: string) => readFile(join(out, 'model.safetensors'));
    expect((await model(killed)).equals(await model(whole))).toBe(true);
    expect((await readdir(killed)).sort()).toEqual((await readdir(whole)).sort());
  },
);

it('a run killed in its first epoch starts over', async () => {
  const out = join(folder, 'run');
  await run([out, '{}'], 'train 1 3');
  const said = await run([out, '{}', 'resume']);
  expect(said.filter(line => line.startsWith('epoch'))).toEqual(['epoch 1', 'epoch 2', 'epoch 3']);
});
