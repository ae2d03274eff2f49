// Resident memory of a training run, which must not grow with its steps: ResNet-20 with APB weights on CIFAR-10, through
// the loop of `apb train`, epochs, evaluation and checkpoints included.
//   node bench/memory.mjs [--engine tensorflow] [--steps 2000] [--batch 16] [--epochs 4]
// Prints resident memory and tensors every tenth of the steps, and the growth from the end of the second epoch's first
// step, when everything has run once, to the end.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { trainRun } from '../dist/index.js';

const { values } = parseArgs({
  options: {
    engine: { type: 'string' },
    steps: { type: 'string', default: '2000' },
    batch: { type: 'string', default: '16' },
    epochs: { type: 'string', default: '4' },
  },
});
const [steps, batchSize, epochs] = [values.steps, values.batch, values.epochs].map(Number);
if (!(epochs >= 2 && steps >= 10 * epochs && batchSize >= 1)) {
  console.error(
    'give --epochs of at least 2, for the first warms up, --steps of at least 10 an epoch and a --batch',
  );
  process.exit(2);
}
const limit = Math.floor(steps / epochs) * batchSize;
const MIB = 2 ** 20;
const folder = await mkdtemp(join(tmpdir(), 'apb-memory-'));
let [done, warm, last] = [0, 0, 0];
try {
  const { engine } = await trainRun(
    {
      ...{ out: join(folder, 'run'), model: 'resnet20', data: 'cifar10', weights: 'apb', seed: 1 },
      ...{ engine: values.engine, limit, testLimit: 500, batchSize, epochs },
    },
    {
      onProgress({ phase, epoch }) {
        if (phase !== 'train') return;
        done++;
        last = process.memoryUsage.rss() / MIB;
        if (epoch === 2 && warm === 0) warm = last;
        if (done % Math.floor(steps / 10) === 0)
          console.log(`step ${done}: ${last.toFixed(0)} MiB, ${tf.memory().numTensors} tensors`);
      },
    },
  );
  console.log(`engine ${engine}: ${(last - warm).toFixed(0)} MiB more after ${done} steps than in epoch 2`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
