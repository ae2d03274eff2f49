// Images a second of a training step: ResNet-20 on CIFAR-sized pictures, forward, backward and SGD with momentum.
// usage: node bench/step.mjs [wasm|tensorflow|cpu] [steps] [batch] [--profile]
// The net is built of tfjs-core's ops and our batch norm alone, so that the figure is that of engine and ops.
import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs-core';
import { batchNormTrain, selectEngine } from '../dist/index.js';

const [engine, steps = 8, batch = 64] = process.argv.slice(2).filter(a => !a.startsWith('--'));
const profile = process.argv.includes('--profile');

const variables = [];
const variable = initial => variables[variables.push(tf.variable(initial)) - 1];

function convolution(kernel, from, to, stride) {
  const w = variable(
    tf.randomNormal([kernel, kernel, from, to], 0, Math.sqrt(2 / (kernel * kernel * from)), 'float32', 1),
  );
  return x => tf.conv2d(x, w, stride, 'same');
}

function batchNorm(channels) {
  const gamma = variable(tf.ones([channels]));
  const beta = variable(tf.zeros([channels]));
  return x => batchNormTrain(x, gamma, beta, 1e-5).y;
}

// Parameter-free shortcut: every second pixel, zero channels on both sides.
function shortcut(x, to, stride) {
  const [n, h, w, from] = x.shape;
  if (from === to) return x;
  const half = (to - from) / 2;
  const blocks = tf.reshape(x, [(n * h) / stride, stride, w / stride, stride * from]);
  const picked = tf.reshape(tf.slice(blocks, 0, [(n * h) / stride, 1, w / stride, from]), [
    n,
    h / stride,
    w / stride,
    from,
  ]);
  return tf.pad(picked, [
    [0, 0],
    [0, 0],
    [0, 0],
    [half, half],
  ]);
}

function block(from, to, stride) {
  const [conv1, norm1, conv2, norm2] = [
    convolution(3, from, to, stride),
    batchNorm(to),
    convolution(3, to, to, 1),
    batchNorm(to),
  ];
  return x => tf.relu(tf.add(norm2(conv2(tf.relu(norm1(conv1(x))))), shortcut(x, to, stride)));
}

function resnet20() {
  const layers = [convolution(3, 3, 16, 1), batchNorm(16), tf.relu];
  let from = 16;
  for (const [to, stride] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ]) {
    for (let i = 0; i < 3; i++, from = to) layers.push(block(from, to, i === 0 ? stride : 1));
  }
  const [w, b] = [variable(tf.randomNormal([64, 10], 0, 0.1, 'float32', 2)), variable(tf.zeros([10]))];
  return x =>
    tf.add(
      tf.matMul(
        tf.mean(
          layers.reduce((y, layer) => layer(y), x),
          [1, 2],
        ),
        w,
      ),
      b,
    );
}

const selected = await selectEngine(engine);
console.error(`${selected.name}: ${selected.reason}`);
const net = resnet20();
const optimizer = tf.train.momentum(0.1, 0.9);
const x = tf.randomNormal([+batch, 32, 32, 3], 0, 1, 'float32', 3);
const labels = tf.oneHot(
  tf.tensor1d(
    [...Array(+batch).keys()].map(i => i % 10),
    'int32',
  ),
  10,
);

const times = [];
let cpu;
let loss;
for (let step = 0; step < +steps; step++) {
  // The first two steps warm up.
  if (step === 2) cpu = process.cpuUsage();
  const start = performance.now();
  const run = () =>
    tf.tidy(
      () =>
        optimizer
          .minimize(() => tf.losses.softmaxCrossEntropy(labels, net(x)), true, variables)
          .dataSync()[0],
    );
  if (profile && step === +steps - 1) {
    const { kernels } = await tf.profile(() => void run());
    const sums = new Map();
    for (const { name, kernelTimeMs } of kernels) {
      const [count, ms] = sums.get(name) ?? [0, 0];
      sums.set(name, [count + 1, ms + (await kernelTimeMs)]);
    }
    for (const [name, [count, ms]] of [...sums].sort((a, b) => b[1][1] - a[1][1]).slice(0, 25)) {
      console.error(`${name.padEnd(28)} ${String(count).padStart(5)} ${ms.toFixed(1).padStart(8)} ms`);
    }
  } else loss = run();
  times.push(performance.now() - start);
}
const used = process.cpuUsage(cpu);
const sorted = times.slice(Math.min(2, times.length - 1), profile ? -1 : undefined).sort((a, b) => a - b);
const median = sorted[Math.floor(sorted.length / 2)];
console.log(
  JSON.stringify({
    engine: selected.name,
    batch: +batch,
    steps: +steps,
    medianMs: +median.toFixed(1),
    imagesPerSecond: +((+batch / median) * 1000).toFixed(1),
    // Processor time a step, all threads: what other programs on the machine do not change.
    cpuMs: +((used.user + used.system) / 1000 / (steps - 2)).toFixed(1),
    loss,
    tensors: tf.memory().numTensors,
  }),
);
