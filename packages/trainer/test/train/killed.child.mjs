// Run as a process of its own by killed.test.ts: trains, and says on stdout when a step of an epoch is done. It
// imports the built trainer, which starts fast.
import { buildModel, selectEngine, trainRun } from '../../dist/index.js';

const [out, json, resume] = process.argv.slice(2);
const settings = JSON.parse(json);
await selectEngine('wasm');
// Untrained, so that it costs nothing; what it teaches is the same in every process.
const teacher = buildModel('mnist-cnn', { weights: 'fp32', activations: 32, seed: 9 });
await trainRun(
  {
    ...{ model: 'mnist-cnn', data: 'mnist', limit: 192, testLimit: 50 },
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
    ...(settings.distill && { teacher }),
    onProgress: p =>
      console.log(p.phase === 'epoch' ? `epoch ${p.epoch}` : `${p.phase} ${p.epoch} ${p.step}`),
  },
);
