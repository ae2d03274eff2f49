// Run as a process of its own by killed.test.ts: trains, and says on stdout when a step of an epoch is done.
import { trainRun } from '../../src/train/trainRun.js';
import { tinyData } from './tinyData.js';

// With node -e no script stands before the arguments.
const [out, settings, resume] = process.argv.slice(1);
await trainRun(
  {
    model: 'mnist-cnn',
    engine: 'wasm',
    activations: 2,
    epochs: 3,
    batchSize: 16,
    seed: 5,
    ...(resume ? {} : JSON.parse(settings)),
    out,
    resume: resume === 'resume',
  },
  {
    dataset: tinyData(),
    onProgress: p =>
      console.log(p.phase === 'epoch' ? `epoch ${p.epoch}` : `${p.phase} ${p.epoch} ${p.step}`),
  },
);
