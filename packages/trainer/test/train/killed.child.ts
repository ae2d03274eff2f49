// Run as a process of its own by killed.test.ts: trains, and says on stdout when a step of an epoch is done.
import { selectEngine } from '../../src/engines/select.js';
import { buildModel } from '../../src/models/buildModel.js';
import { trainRun } from '../../src/train/trainRun.js';
import { tinyData } from './tinyData.js';

// With node -e no script stands before the arguments.
const [out, json, resume] = process.argv.slice(1);
const settings = JSON.parse(json);
await selectEngine('wasm');
// Untrained, so that it costs nothing; what it teaches is the same in every process.
const teacher = buildModel('mnist-cnn', { weights: 'fp32', activations: 32, seed: 9 });
await trainRun(
  {
    model: 'mnist-cnn',
    engine: 'wasm',
    activations: 2,
    epochs: 3,
    batchSize: 16,
    seed: 5,
    ...(resume ? {} : settings),
    out,
    resume: resume === 'resume',
  },
  {
    dataset: tinyData(),
    ...(settings.distill && { teacher }),
    onProgress: p =>
      console.log(p.phase === 'epoch' ? `epoch ${p.epoch}` : `${p.phase} ${p.epoch} ${p.step}`),
  },
);
