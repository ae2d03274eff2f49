// How free the event loop is while a network runs, as one JSON document on stdout:
//   node tools/eventLoop.mjs [pictures] [batch]   200 pictures in batches of 8 by default
// ResNet-18 with 2-bit activations on the native kernels, on all cores but one. A timer of 1 ms is watched in one
// process, first with the model loaded and nothing to do, then while the pictures run; delays are milliseconds.
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { buildNetwork } from '../packages/cli/dist/networks/index.js';
import { createSession } from '../packages/runtime/dist/index.js';

const ALLOWED = 5;
const [pictures, batch] = [process.argv[2] ?? 200, process.argv[3] ?? 8].map(Number);
if (![pictures, batch].every(n => Number.isInteger(n) && n >= 1))
  throw new Error('usage: node tools/eventLoop.mjs [pictures] [batch], both whole numbers of at least 1');

const threads = Math.max(1, availableParallelism() - 1);
const session = await createSession(buildNetwork('resnet18', { bits: 2, share: 0.01, seed: 1 }), {
  backend: 'native',
  threads,
});
const input = inputs(batch);
const rest = pictures % batch ? inputs(pictures % batch) : input;

// The first runs take the arena and compile this script; neither belongs to a steady state.
const begin = performance.now();
for (let i = 0; i < 2; i++) await session.run(input);
const seconds = ((performance.now() - begin) / 2000) * Math.ceil(pictures / batch);

const idle = await delays(() => pause(Math.max(2, seconds) * 1000));
const busy = await delays(runAll);
const { isa } = session.explain();
session.dispose();
const difference = busy.p99 - idle.p99;
console.log(
  JSON.stringify({
    network: 'resnet18',
    pictures,
    batch,
    threads,
    cores: availableParallelism(),
    isa,
    imagesPerSecond: (1000 * pictures) / busy.ms,
    idleP99: idle.p99,
    busyP99: busy.p99,
    difference,
    idleMax: idle.max,
    busyMax: busy.max,
    allowed: ALLOWED,
    holds: difference <= ALLOWED,
  }),
);

async function runAll() {
  for (let left = pictures; left > 0; left -= batch) await session.run(left < batch ? rest : input);
}

/** The time from one firing of a timer of 1 ms to the next, that millisecond included. */
async function delays(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const start = performance.now();
  histogram.enable();
  await work();
  histogram.disable();
  return {
    p99: histogram.percentile(99) / 1e6,
    max: histogram.max / 1e6,
    ms: performance.now() - start,
  };
}

function inputs(count) {
  const shape = [count, 224, 224, 3];
  const size = shape.reduce((a, b) => a * b);
  return { shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)) };
}
