// Draws every quantizer as SVG, from the code that trains: what it makes of a number, and its pseudo-gradients:
//   node tools/quantizerPlots.mjs [FOLDER]      default apps/docs/public/quantizers; needs a built @apb/trainer
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { panels } from './curves/panels.mjs';

const trainer = join(import.meta.dirname, '../packages/trainer');
const tf = createRequire(join(trainer, 'package.json'))('@tensorflow/tfjs-core');
const { selectEngine, weightQuantizer, activationFunction } = await import(join(trainer, 'dist/index.js'));

/** Points of a curve. */
const COUNT = 401;
const grid = (from, to) =>
  Float32Array.from({ length: COUNT }, (_, i) => from + ((to - from) * i) / (COUNT - 1));

/** Weights are spread evenly over [-2, 2]; parameters that are left out start from them. */
const WEIGHTS = {
  apb: {
    title: 'APB, alpha 0.8, delta 1',
    config: { kind: 'apb', reduction: 'sum' },
    values: { alpha: 0.8, delta: 1 },
  },
  binary: {
    title: 'Binary, alpha 0.8',
    config: { kind: 'binary', reduction: 'sum' },
    values: { alpha: 0.8 },
  },
  ternary: { title: 'Ternary weight networks', config: { kind: 'ternary' } },
  'kbit-lsq': { title: 'LSQ, 2 bits, step 0.8', config: { kind: 'kbit', bits: 2 }, values: { step: 0.8 } },
  'kbit-dorefa': { title: 'DoReFa weights, 2 bits', config: { kind: 'kbit', bits: 2, method: 'dorefa' } },
  prune: { title: 'Magnitude pruning, sparsity 0.5', config: { kind: 'prune', sparsity: 0.5 } },
  'prune-kbit': {
    title: 'Pruning and LSQ: sparsity 0.5, 3 bits, step 0.5',
    config: { kind: 'prune-kbit', bits: 3, sparsity: 0.5 },
    values: { step: 0.5 },
  },
};

const ACTIVATIONS = {
  uniform: {
    title: 'Uniform, 2 bits on [0, 1.5], straight-through',
    options: { bits: 2, uniform: { backward: 'ste' } },
  },
  ewgs: {
    title: 'Uniform, 2 bits on [0, 1.5], EWGS with kappa 0.5 (default 0.001)',
    options: { bits: 2, uniform: { backward: 'ewgs', kappa: 0.5 } },
  },
  symmetric: {
    title: 'Uniform, 2 bits on [-1.5, 1.5], symmetric',
    options: { bits: 2, uniform: { backward: 'ste', symmetric: true } },
  },
  pact: { title: 'PACT, 2 bits on [0, 1.5]', options: { bits: 2, quantizer: 'pact' } },
  'dorefa-activation': { title: 'DoReFa activations, 2 bits', options: { bits: 2, quantizer: 'dorefa' } },
  'lsq-activation': { title: 'LSQ activations, 2 bits, step 0.5', options: { bits: 2, quantizer: 'lsq' } },
  'sign-approx': { title: 'Sign, ApproxSign backward', options: { bits: 1, sign: { backward: 'approx' } } },
  'sign-identity': { title: 'Sign, identity backward', options: { bits: 1, sign: { backward: 'identity' } } },
};

/** One plot: the values of `quantize` over x, the gradient for x, and one for each parameter, times `factor`. */
function plot(title, variable, x, quantize, parameters, factor = 1) {
  const names = Object.keys(parameters);
  const inputs = [tf.tensor2d(x, [1, COUNT]), ...Object.values(parameters)];
  const apply = (...[x, ...own]) => quantize(x, Object.fromEntries(names.map((name, i) => [name, own[i]])));
  const value = tf.tidy(() => apply(...inputs).dataSync());
  const gradients = g => {
    const loss = (...inputs) => tf.sum(tf.mul(apply(...inputs), g));
    return tf.tidy(() =>
      tf
        .grads(loss)(inputs)
        .map(t => t.dataSync()),
    );
  };
  const [dx] = gradients(tf.ones([1, COUNT]));
  // What each x alone adds to the gradient of a parameter.
  const slopes = names.map(() => new Float32Array(COUNT));
  for (let i = 0; names.length > 0 && i < COUNT; i++) {
    const alone = new Float32Array(COUNT);
    alone[i] = factor;
    gradients(tf.tensor2d(alone, [1, COUNT]))
      .slice(1)
      .forEach(([slope], p) => {
        slopes[p][i] = slope;
      });
  }
  const points = values => Array.from(values, (v, i) => [x[i], v]);
  return panels({
    title,
    panels: [
      {
        title: 'forward',
        x: variable,
        lines: [
          { name: variable, faint: true, points: points(x) },
          { name: `quantized ${variable}`, points: points(value) },
        ],
      },
      {
        title: 'backward, where dL/dquantized is 1',
        x: variable,
        lines: [
          { name: `dL/d${variable}`, points: points(dx) },
          ...names.map((name, p) => ({ name: `dL/d${name}`, points: points(slopes[p]) })),
        ],
      },
    ],
  });
}

function weightPlot({ title, config, values = {} }) {
  const x = grid(-2, 2);
  const quantizer = weightQuantizer(config);
  const start = quantizer.start(x, 1, { rule: 'std', factor: 3 });
  const shapeOf = { layer: [], channel: [1], weight: [1, COUNT] };
  const learned = quantizer.parameters.filter(p => p.trainable);
  const state = quantizer.parameters.filter(p => !p.trainable);
  const tensorsOf = list =>
    Object.fromEntries(
      list.map(({ name, per }) => [name, tf.tensor(values[name] ?? start[name], shapeOf[per], 'float32')]),
    );
  const fixed = tensorsOf(state);
  // LSQ divides the step's gradient by sqrt(n * L / 2).
  const factor = 'bits' in quantizer.config ? Math.sqrt(COUNT * ((2 ** quantizer.config.bits - 1) / 2)) : 1;
  return plot(
    title,
    'w',
    x,
    (w, own) => quantizer.quantize(w, { ...fixed, ...own }),
    tensorsOf(learned),
    factor,
  );
}

function activationPlot({ title, options }) {
  const f = activationFunction(options);
  const values = f.fromBounds({ lo: 0, hi: 1.5 });
  const learned = f.parameters.filter(p => p.trainable).map(p => p.name);
  const tensors = Object.fromEntries(Object.entries(values).map(([name, v]) => [name, tf.scalar(v)]));
  const own = Object.fromEntries(learned.map(name => [name, tensors[name]]));
  // Bounds are divided by sqrt(L * features).
  const factor = Math.sqrt((2 ** options.bits - 1) * COUNT);
  return plot(title, 'x', grid(-2, 2), (x, given) => f.quantize(x, { ...tensors, ...given }), own, factor);
}

await selectEngine('cpu');
const folder = process.argv[2] ?? join(import.meta.dirname, '../apps/docs/public/quantizers');
mkdirSync(folder, { recursive: true });
for (const [name, which] of Object.entries(WEIGHTS))
  writeFileSync(join(folder, `${name}.svg`), weightPlot(which));
for (const [name, which] of Object.entries(ACTIVATIONS))
  writeFileSync(join(folder, `${name}.svg`), activationPlot(which));
