// Images a second of ResNet-20 training steps: full precision, compressed weights and PyTorch on the CPU, step by step
// in turns: forward, backward and SGD on random pictures.
// usage: node bench/throughput.mjs [--engine wasm|tensorflow|cpu] [--steps 20] [--batch 64] [--weights apb,...]
//        [--python FILE]   an interpreter that has torch; `python3 -m pip install torch` gives one
// Prints the fastest step of each, its share of full precision and of PyTorch, and the tensor operations of a step.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, parameterGroups, selectEngine } from '../dist/index.js';

const { values: options } = parseArgs({
  options: {
    engine: { type: 'string' },
    steps: { type: 'string', default: '20' },
    batch: { type: 'string', default: '64' },
    weights: { type: 'string', default: 'apb' },
    python: { type: 'string' },
  },
});
const [batch, steps] = [Number(options.batch), Number(options.steps)];
const engine = (await selectEngine(options.engine)).name;
const x = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 1);
const classes = Array.from({ length: batch }, (_, i) => i % 10);
const labels = tf.oneHot(tf.tensor1d(classes, 'int32'), 10);

/** A function that makes a training step and returns its milliseconds. */
function stepOf(weights) {
  const model = buildModel('resnet20', { weights, activations: 32, seed: 1 });
  const variables = Object.values(parameterGroups(model)).flat();
  const optimizer = tf.train.sgd(1e-3);
  return () => {
    const start = performance.now();
    const loss = tf.tidy(() => {
      const forward = () => tf.losses.softmaxCrossEntropy(labels, model.apply(x, { training: true }));
      const { value, grads } = tf.variableGrads(forward, variables);
      optimizer.applyGradients(grads);
      return value;
    });
    loss.dataSync();
    loss.dispose();
    return performance.now() - start;
  };
}

/** The same of PyTorch, in a process that waits between steps. */
async function pytorch(python) {
  const script = fileURLToPath(new URL('pytorch.py', import.meta.url));
  const child = spawn(python, [script, String(batch)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} ended; it needs torch: ${python} -m pip install torch`);
    return value;
  };
  const name = `PyTorch ${await next()}`;
  const step = async () => {
    child.stdin.write('step\n');
    return Number(await next());
  };
  return { name, step, end: () => child.stdin.end() };
}

const peer = options.python && (await pytorch(options.python));
const runs = ['fp32', ...options.weights.split(',')].map(name => ({ name, step: stepOf(name), times: [] }));
const all = peer ? [...runs, { ...peer, times: [] }] : runs;
for (let i = 0; i < steps + 2; i++)
  for (const { step, times } of all) {
    const time = await step();
    if (i > 1) times.push(time);
  }
peer?.end?.();
console.log(`engine ${engine}, batch ${batch}, the fastest of ${steps} steps`);
const fastest = new Map(all.map(({ name, times }) => [name, Math.min(...times)]));
for (const { name, step } of all) {
  const time = fastest.get(name);
  const parts = [
    `${name.padEnd(20)} ${time.toFixed(1)} ms`,
    `${((1000 * batch) / time).toFixed(0)} images/s`,
  ];
  parts.push(`${(fastest.get('fp32') / time).toFixed(3)} of fp32`);
  if (peer) parts.push(`${(fastest.get(peer.name) / time).toFixed(3)} of PyTorch`);
  if (name !== peer?.name) parts.push(`${(await tf.profile(step)).kernels.length} operations`);
  console.log(parts.join(', '));
}
