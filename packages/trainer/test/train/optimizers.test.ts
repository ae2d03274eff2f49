import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { selectEngine } from '../../src/engines/select.js';
import { Adam } from '../../src/train/adam.js';
import type { Group, Optimizer } from '../../src/train/optimizer.js';
import { Sgd } from '../../src/train/sgd.js';

beforeAll(async () => void (await selectEngine('cpu')));
afterEach(() => tf.disposeVariables());

const START = [0.5, -1, 2, 0];
/** Gradients of three steps: mixed signs, zeros, six orders of magnitude. */
const GRADIENTS = [
  [1, -2, 0, 1e-3],
  [-0.5, -2, 1e3, 0],
  [0.25, 4, -1e3, 1e-3],
];
const RATES = [0.1, 0.05, 0.2];

/** Runs an optimizer and a formula in float64 side by side. */
function compare(
  make: (groups: Group[]) => Optimizer,
  formula: (w: number, g: number, memory: number[], rate: number, decay: number, t: number) => number,
  weightDecay: number,
  learningRateScale: number,
): void {
  const w = tf.variable(tf.tensor1d(START));
  const optimizer = make([{ name: 'group', variables: [w], learningRateScale, weightDecay }]);
  const expected = [...START];
  const memory = START.map(() => [0, 0]);
  GRADIENTS.forEach((gradient, t) => {
    tf.tidy(() => optimizer.step({ [w.name]: tf.tensor1d(gradient) }, RATES[t]));
    expected.forEach((value, i) => {
      expected[i] = formula(value, gradient[i], memory[i], RATES[t] * learningRateScale, weightDecay, t + 1);
    });
    // Three steps of a dozen float32 operations, each off by 2^-24 of values that stay below 1e3 * rate = 200 (and
    // cancel at worst once): 36 * 2^-24 * 200 = 4e-4 at most where gradients are 1e3, relative 36 * 2^-24 elsewhere.
    w.dataSync().forEach((value, i) => {
      const scale = i === 2 ? 200 : 1 + Math.abs(expected[i]);
      expect(Math.abs(value - expected[i])).toBeLessThan(36 * 2 ** -24 * scale);
    });
  });
  optimizer.dispose();
}

describe.each([0, 0.1])('with weight decay %s', decay => {
  it.each([false, true])('Sgd follows its formula, nesterov %s', nesterov => {
    compare(
      groups => new Sgd(groups, { momentum: 0.9, nesterov }),
      (w, gradient, memory, rate, d) => {
        const g = gradient + d * w;
        memory[0] = 0.9 * memory[0] + g;
        return w - rate * (nesterov ? g + 0.9 * memory[0] : memory[0]);
      },
      decay,
      0.5,
    );
  });

  it('Adam follows its formula', () => {
    compare(
      groups => new Adam(groups),
      (w, g, memory, rate, d, t) => {
        memory[0] = 0.9 * memory[0] + 0.1 * g;
        memory[1] = 0.999 * memory[1] + 0.001 * g * g;
        const step = memory[0] / (1 - 0.9 ** t) / (Math.sqrt(memory[1] / (1 - 0.999 ** t)) + 1e-8);
        return w - rate * (step + d * w);
      },
      decay,
      2,
    );
  });
});

describe('an optimizer', () => {
  it('keeps groups apart and leaves variables without a gradient alone', () => {
    const [a, b, c] = [1, 1, 1].map(v => tf.variable(tf.scalar(v)));
    const optimizer = new Sgd([
      { name: 'decayed', variables: [a], learningRateScale: 1, weightDecay: 0.5 },
      { name: 'slow', variables: [b, c], learningRateScale: 0.25, weightDecay: 0 },
    ]);
    tf.tidy(() => optimizer.step({ [a.name]: tf.scalar(1), [b.name]: tf.scalar(1) }, 0.5));
    // 1 - 0.5 * (1 + 0.5), 1 - 0.5 * 0.25 * 1: exact in float32.
    expect([a, b, c].map(v => v.dataSync()[0])).toEqual([0.25, 0.875, 1]);
    expect([...optimizer.slots.keys()]).toEqual(['decayed/0/velocity', 'slow/0/velocity', 'slow/1/velocity']);
  });

  it('continues from saved slots and steps as if undisturbed', () => {
    const run = (interrupt: boolean) => {
      const w = tf.variable(tf.tensor1d(START));
      const groups = [{ name: 'g', variables: [w], learningRateScale: 1, weightDecay: 0.01 }];
      let optimizer = new Adam(groups);
      GRADIENTS.forEach((gradient, t) => {
        if (interrupt && t === 2) {
          const next = new Adam(groups);
          next.steps = optimizer.steps;
          for (const [name, slot] of next.slots) slot.assign(optimizer.slots.get(name)!);
          optimizer.dispose();
          optimizer = next;
        }
        tf.tidy(() => optimizer.step({ [w.name]: tf.tensor1d(gradient) }, RATES[t]));
      });
      return [...w.dataSync()];
    };
    expect(run(true)).toEqual(run(false));
  });

  it.each([
    ['Sgd', (g: Group[]) => new Sgd(g, { nesterov: true })],
    ['Adam', (g: Group[]) => new Adam(g)],
  ])('%s keeps no tensor of a step, and dispose gives all back', (_, make) => {
    const w = tf.variable(tf.zeros([3, 3]));
    const before = tf.memory().numTensors;
    const optimizer = make([{ name: 'g', variables: [w], learningRateScale: 1, weightDecay: 0.1 }]);
    const step = () => tf.tidy(() => optimizer.step({ [w.name]: tf.ones([3, 3]) }, 0.1));
    step();
    const steady = tf.memory().numTensors;
    for (let i = 0; i < 100; i++) step();
    expect(tf.memory().numTensors).toBe(steady);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
