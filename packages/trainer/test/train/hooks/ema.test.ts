import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectEngine } from '../../../src/engines/select.js';
import { BatchNorm } from '../../../src/layers/batchNorm.js';
import { Ema } from '../../../src/train/hooks/ema.js';

beforeAll(async () => void (await selectEngine('cpu')));

const at = (step: number) => ({ step, steps: 100, epoch: 0, epochs: 1 });

function small() {
  const model = sequential();
  model.add(layers.dense({ units: 1, inputShape: [1], useBias: false, kernelInitializer: 'ones' }));
  model.add(new BatchNorm());
  const [kernel, gamma, , mean] = [...model.layers[0].weights, ...model.layers[1].weights].map(
    weight => weight.read() as tf.Variable,
  );
  return { model, kernel, gamma, mean };
}

const numberOf = (v: tf.Variable) => v.dataSync()[0];

describe('Ema', () => {
  it('follows its formula, with a decay that rises to what is asked for', () => {
    const { model, kernel } = small();
    const ema = new Ema(model, 0.5);
    ema.begin(at(0));
    let mean = 1;
    for (let step = 0; step < 12; step++) {
      kernel.assign(tf.fill([1, 1], step));
      ema.afterStep(at(step));
      const decay = Math.min(0.5, (1 + step) / (10 + step));
      mean = decay * mean + (1 - decay) * step;
    }
    ema.beforeEvaluation();
    // Twelve float32 steps on values up to 11.
    expect(numberOf(kernel)).toBeCloseTo(mean, 4);
    ema.afterEvaluation();
    expect(numberOf(kernel)).toBe(11);
    ema.dispose();
  });

  it('gives running statistics back that an evaluation has changed', () => {
    const { model, kernel, gamma, mean } = small();
    const ema = new Ema(model, 0.9);
    ema.begin(at(0));
    mean.assign(tf.tensor1d([3]));
    ema.beforeEvaluation();
    mean.assign(tf.tensor1d([8]));
    ema.afterEvaluation();
    expect([kernel, gamma, mean].map(numberOf)).toEqual([1, 1, 3]);
    ema.dispose();
  });

  it('keeps no tensors', () => {
    const { model } = small();
    const before = tf.memory().numTensors;
    const ema = new Ema(model, 0.9);
    const held = tf.memory().numTensors;
    for (let step = 0; step < 5; step++) ema.afterStep(at(step));
    ema.beforeEvaluation();
    ema.afterEvaluation();
    expect(tf.memory().numTensors).toBe(held);
    ema.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
