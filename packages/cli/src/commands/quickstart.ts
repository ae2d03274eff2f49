import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryOf } from '@apb/core';
import { type Dataset, fetchDataset, loadDataset, type TrainOptions, trainRun } from '@apb/trainer';
import { Command } from 'commander';
import { evaluate } from '../evaluate.js';
import { loadModel } from '../modelFile.js';
import { withOutput } from '../options.js';
import { bytes, note, type OutputOptions, percent, print, table } from '../ui/output.js';
import { Progress } from '../ui/progress.js';
import { TrainingView } from '../ui/training.js';

/** Where the two model files go, below the current directory. */
const FOLDER = 'quickstart';

interface QuickstartOptions extends OutputOptions {
  /** Stops it; temporary files are removed. */
  readonly signal: AbortSignal;
}

interface Row {
  readonly name: string;
  readonly weights: string;
  readonly top1: number;
  readonly bitsPerWeight: number;
  readonly fileBytes: number;
  readonly imagesPerSecond: number;
  readonly backend: string;
}

export function quickstartCommand(): Command {
  return withOutput(
    new Command().action(async (options: OutputOptions) => {
      const abort = new AbortController();
      process.once('SIGINT', () => abort.abort(new Error('stopped; nothing was written')));
      const rows = await quickstart({ ...options, signal: abort.signal });
      await writeWhole('quickstart.json', `${JSON.stringify({ rows }, null, 2)}\n`);
      print({ rows }, options, () => comparison(rows));
    }),
  );
}

async function quickstart(options: QuickstartOptions): Promise<Row[]> {
  note('1/4 fetching MNIST', options);
  await fetch(options);
  const data = await loadDataset('mnist');
  const runs = await mkdtemp(join(tmpdir(), 'apb-quickstart-'));
  try {
    const common = { model: 'mnist-cnn', data: 'mnist', activations: 32, seed: 1 } as const;
    note('2/4 training the full-precision network', options);
    await train({ ...common, weights: 'fp32', out: join(runs, 'fp32') }, options);
    note('3/4 training the compressed network from it', options);
    await train({ ...common, weights: 'apb', init: join(runs, 'fp32'), out: join(runs, 'apb') }, options);
    note('4/4 running both from their files', options);
    await mkdir(FOLDER, { recursive: true });
    return [
      await keepAndMeasure(runs, 'fp32', data, options),
      await keepAndMeasure(runs, 'apb', data, options),
    ];
  } finally {
    await rm(runs, { recursive: true, force: true });
  }
}

async function fetch(options: QuickstartOptions): Promise<void> {
  const progress = new Progress(options);
  try {
    await fetchDataset('mnist', {
      signal: options.signal,
      onProgress: (label, done, total) => progress.update(label, done, total),
    });
  } finally {
    progress.stop();
  }
}

async function train(run: TrainOptions, options: QuickstartOptions): Promise<void> {
  const view = new TrainingView(options);
  try {
    await trainRun(run, {
      signal: options.signal,
      onProgress: p => view.show(p),
      onWarning: w => view.warn(w),
    });
  } finally {
    view.stop();
  }
}

/** Copies a run's model file into FOLDER and measures what stands there. */
async function keepAndMeasure(
  runs: string,
  weights: string,
  data: Dataset,
  options: OutputOptions,
): Promise<Row> {
  const file = join(FOLDER, `mnist-${weights}.safetensors`);
  await copyFile(join(runs, weights, 'model.safetensors'), `${file}.tmp`);
  await rename(`${file}.tmp`, file);
  const { model, fileBytes } = await loadModel(file);
  const progress = new Progress(options);
  try {
    const result = await evaluate(model, data, {
      onProgress: (done, total) => progress.update(`evaluating ${weights}`, done, total),
    });
    const { compressed } = memoryOf(model, fileBytes).totals;
    return {
      name: `mnist-${weights}`,
      weights,
      top1: result.top1,
      bitsPerWeight: compressed.weights ? compressed.bitsPerWeight : 32,
      fileBytes,
      imagesPerSecond: result.imagesPerSecond,
      backend: result.backend,
    };
  } finally {
    progress.stop();
  }
}

/** The table that ends the quickstart. */
export function comparison(rows: readonly Row[]): string {
  const [full, compressed] = rows;
  return [
    table(
      ['network', 'top-1', 'bits/weight', 'file', 'pictures/s', 'backend'],
      rows.map(r => [
        r.name,
        percent(r.top1),
        r.bitsPerWeight.toFixed(2),
        bytes(r.fileBytes),
        r.imagesPerSecond.toFixed(0),
        r.backend,
      ]),
    ),
    `The compressed file is ${(full.fileBytes / compressed.fileBytes).toFixed(1)} times smaller. Both are in ${FOLDER}/; figures: quickstart.json.`,
    `Next: npx --yes pnpm@10.34.9 apb inspect ${FOLDER}/mnist-apb.safetensors`,
  ].join('\n');
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text);
  await rename(`${path}.tmp`, path);
}
