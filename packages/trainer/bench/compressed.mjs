// Training step of ResNet-20 with compressed weights over that in full precision, interleaved in one process:
// usage: node bench/compressed.mjs [wasm|tensorflow|cpu] [steps] [batch] [weights,...]
// Prints the fastest step of each, their ratio, and the tensor operations of a step. Forward, backward and SGD.
import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, parameterGroups, selectEngine } from '../dist/index.js';

const [engine, steps = 20, batch = 64, modes = 'apb'] = process.argv.slice(2);
console.log(`engine ${(await selectEngine(engine)).name}, batch ${batch}`);
const x = tf.randomNormal([Number(batch), 32, 32, 3], 0, 1, 'float32', 1);
const labels = tf.oneHot(
  tf.tensor1d(
    Array.from({ length: Number(batch) }, (_, i) => i % 10),
    'int32',
  ),
  10,
);

function stepOf(weights) {
  const model = buildModel('resnet20', { weights, activations: 32, seed: 1 });
  const variables = Object.values(parameterGroups(model)).flat();
  const optimizer = tf.train.sgd(1e-3);
  return () => {
    const loss = tf.tidy(() => {
      const forward = () => tf.losses.softmaxCrossEntropy(labels, model.apply(x, { training: true }));
      const { value, grads } = tf.variableGrads(forward, variables);
      optimizer.applyGradients(grads);
      return value;
    });
    loss.dataSync();
    loss.dispose();
  };
}

const runs = ['fp32', ...modes.split(',')].map(weights => ({ weights, step: stepOf(weights), times: [] }));
for (let i = 0; i < Number(steps) + 2; i++)
  for (const { step, times } of runs) {
    const start = performance.now();
    step();
    if (i > 1) times.push(performance.now() - start);
  }
const fastest = runs.map(({ times }) => Math.min(...times));
for (const [i, { weights, step }] of runs.entries()) {
  const { kernels } = await tf.profile(step);
  const rate = (Number(batch) / fastest[i]) * 1000;
  console.log(
    `${weights.padEnd(10)} ${fastest[i].toFixed(1)} ms, ${rate.toFixed(1)} images/s, ${(fastest[0] / fastest[i]).toFixed(3)} of fp32, ${kernels.length} operations`,
  );
}
