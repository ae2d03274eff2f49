import { tensor } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { cholesky, inverseOfLower } from '../../../src/compress/postTraining/cholesky.js';
import { fitLayer } from '../../../src/compress/postTraining/fit.js';
import { decide, type Layer } from '../../../src/compress/postTraining/layers.js';
import type { Scaling } from '../../../src/compress/postTraining/mask.js';
import { type Moments, momentsOf } from '../../../src/compress/postTraining/moments.js';
import { Net, normal, runReference, smoothPictures } from './nets.js';

const scalings: Scaling[] = ['layer', 'channel', 'norm'];

/** A convolution alone, its weights, inputs and outputs. */
async function lone(groups: number, dilation = 1) {
  const net = new Net([7, 6, 4], 3 + groups).conv('conv', [8, 3, 2, 4 / groups], {
    strides: [2, 1],
    dilations: [dilation, 1],
    pads: [2, 0, 1, 3],
    groups,
  });
  const model = net.model();
  const layer = decide(model, [])[0].layer as Layer;
  const inputs = smoothPictures(12, [7, 6, 4], 9);
  const w = (model.weights['conv/w'] as { values: Float32Array }).values;
  return { model, layer, inputs, outputs: await runReference(model, inputs), w };
}

describe('moments', () => {
  it('are those of the inputs that every output position sees', async () => {
    for (const [groups, dilation] of [
      [1, 1],
      [1, 2],
      [2, 1],
      [4, 1],
    ]) {
      const { layer, inputs, outputs, w } = await lone(groups, dilation);
      const { groups: blocks } = momentsOf(layer, w, inputs, outputs);
      expect(blocks).toHaveLength(groups);
      // Outputs are linear in the inputs: w^T C w is the variance of an output channel, the damping aside.
      for (let r = 0; r < layer.rows; r++) {
        const [{ covariance, size, start }] = blocks[Math.floor(r / (layer.rows / groups))];
        expect([start, size]).toEqual([0, layer.k]);
        const trace = Array.from({ length: size }, (_, i) => covariance[i * size + i]).reduce(
          (a, b) => a + b,
        );
        const damping = (0.01 * trace) / size / 1.01;
        const row = w.subarray(r * size, (r + 1) * size);
        let variance = 0;
        for (let i = 0; i < size; i++)
          for (let j = 0; j < size; j++)
            variance += row[i] * row[j] * (covariance[i * size + j] - (i === j ? damping : 0));
        const channel = outputs.data.filter((_, i) => i % layer.rows === r);
        const mean = channel.reduce((a, b) => a + b, 0) / channel.length;
        const expected = channel.reduce((a, b) => a + (b - mean) ** 2, 0) / channel.length;
        // float32 outputs: some 2^-24 of their squares.
        expect(Math.abs(variance - expected)).toBeLessThan(1e-5 * expected);
      }
    }
  });

  it('aim at the weights themselves where inputs are those of the outputs', async () => {
    const { layer, inputs, outputs, w } = await lone(2);
    const { target } = momentsOf(layer, w, inputs, outputs);
    w.forEach((v, i) => {
      expect(Math.abs(target[i] - v)).toBeLessThan(1e-4);
    });
  });

  it('aim at what makes up for inputs that have changed', async () => {
    const { layer, inputs, outputs, w } = await lone(1);
    const changed = tensor(
      inputs.shape,
      inputs.data.map(v => 0.5 * v),
    );
    const { target } = momentsOf(layer, w, changed, outputs);
    // Twice the weights, but for what the damping keeps.
    const [top, bottom] = [0, 1].map(p => w.reduce((sum, v, i) => sum + (p ? v * v : v * target[i]), 0));
    expect(top / bottom).toBeGreaterThan(1.5);
    expect(top / bottom).toBeLessThan(2.01);
  });
});

describe('the factor of a covariance', () => {
  it('is one of its inverse', () => {
    const n = 9;
    const x = normal(n * 20, 5);
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let p = 0; p < 20; p++) a[i * n + j] += x[i * 20 + p] * x[j * 20 + p];
    const m = inverseOfLower(cholesky(a, n), n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let product = 0;
        for (let p = 0; p < n; p++)
          for (let q = 0; q < n; q++) product += m[q * n + i] * m[q * n + p] * a[p * n + j];
        expect(product).toBeCloseTo(i === j ? 1 : 0, 8);
      }
  });
});

describe('the fit of a layer', () => {
  it('has the error that it says, no larger than that of alpha and signs alone, and smaller with every share', async () => {
    for (const groups of [1, 4])
      for (const scaling of scalings) {
        const { layer, inputs, outputs, w } = await lone(groups);
        const moments = momentsOf(layer, w, inputs, outputs);
        let before = Number.POSITIVE_INFINITY;
        for (const share of [0, 0.05, 0.2, 0.5, 1]) {
          const aim = { count: Math.round(share * w.length), scaling };
          const fit = fitLayer(layer, w, aim, moments);
          const plain = fitLayer(layer, w, aim);
          expect(fit.error).toBeCloseTo(outputError(layer, fit.values, moments, scaling), 10);
          expect(fit.error).toBeLessThanOrEqual(outputError(layer, plain.values, moments, scaling) + 1e-12);
          expect(fit.error).toBeLessThan(before);
          before = fit.error;
          fit.values.forEach((v, i) => {
            if (!fit.full[i]) expect(Math.abs(v)).toBeCloseTo(fit.alpha[Math.floor(i / layer.k)], 12);
          });
          expect(fit.full.reduce((a, b) => a + b, 0)).toBe(aim.count);
          if (scaling === 'layer') expect(new Set(fit.alpha).size).toBe(1);
        }
        expect(before).toBeLessThan(1e-12);
      }
  });

  it('is far better than rounding where inputs go together', async () => {
    const { layer, inputs, outputs, w } = await lone(1);
    const moments = momentsOf(layer, w, inputs, outputs);
    const aim = { count: 0, scaling: 'norm' as const };
    const plain = outputError(layer, fitLayer(layer, w, aim).values, moments, 'norm');
    expect(fitLayer(layer, w, aim, moments).error).toBeLessThan(0.5 * plain);
  });

  it('takes rows of many weights in blocks', async () => {
    const model = new Net([1300], 21).dense('d', [3, 1300]).model();
    const layer = decide(model, [])[0].layer as Layer;
    const w = (model.weights['d/w'] as { values: Float32Array }).values;
    // Five hidden causes, and some noise: inputs go together.
    const [causes, loads, noise] = [normal(80 * 5, 22), normal(5 * 1300, 23), normal(80 * 1300, 24)];
    const inputs = tensor(
      [80, 1300],
      noise.map((v, i) => {
        const [n, j] = [Math.floor(i / 1300), i % 1300];
        let x = 0.3 * v;
        for (let c = 0; c < 5; c++) x += causes[n * 5 + c] * loads[c * 1300 + j];
        return x;
      }),
    );
    const outputs = await runReference(model, inputs);
    const moments = momentsOf(layer, w, inputs, outputs);
    expect(moments.groups[0].map(({ start, size }) => [start, size])).toEqual([
      [0, 650],
      [650, 650],
    ]);
    const aim = { count: 20, scaling: 'norm' as const };
    const error = async (values: Float64Array) => {
      const kernel = { encoding: 'float' as const, shape: [3, 1300], values: Float32Array.from(values) };
      const got = await runReference({ ...model, weights: { 'd/w': kernel } }, inputs);
      return got.data.reduce((sum, y, i) => sum + (y - outputs.data[i]) ** 2, 0);
    };
    const fitted = await error(fitLayer(layer, w, aim, moments).values);
    expect(fitted).toBeLessThan(0.25 * (await error(fitLayer(layer, w, aim).values)));
  });

  it('finds the best signs of a row of few weights', () => {
    // k = 8: all 128 sign patterns (the other half is their negative), each with its best alpha.
    const size = 8;
    const x = normal(size * 30, 11);
    const covariance = new Float64Array(size * size);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        for (let p = 0; p < 30; p++) covariance[i * size + j] += x[i * 30 + p] * x[j * 30 + p];
    const w = normal(size, 12);
    const layer = { rows: 1, k: size, groups: 1, shape: [1, size], node: {} } as unknown as Layer;
    const moments: Moments = { groups: [[{ start: 0, size, covariance }]], target: Float64Array.from(w) };
    let best = Number.POSITIVE_INFINITY;
    for (let bits = 0; bits < 256; bits++) {
      const signs = Float64Array.from({ length: size }, (_, j) => ((bits >> j) & 1 ? -1 : 1));
      let [sCs, sCw] = [0, 0];
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) {
          sCs += signs[i] * signs[j] * covariance[i * size + j];
          sCw += signs[i] * w[j] * covariance[i * size + j];
        }
      if (sCw > 0)
        best = Math.min(
          best,
          outputError(
            layer,
            signs.map(s => (s * sCw) / sCs),
            moments,
            'norm',
          ),
        );
    }
    const { error } = fitLayer(layer, w, { count: 0, scaling: 'norm' }, moments);
    expect(error).toBeGreaterThanOrEqual(best - 1e-12);
    expect(error).toBeLessThan(1.3 * best);
  });

  it('stays finite for weights and inputs of zero', async () => {
    const { layer, w } = await lone(1);
    const none = tensor([2, 7, 6, 4]);
    const outputs = tensor([2, 4, 8, 8]);
    const moments = momentsOf(layer, w, none, outputs);
    for (const scaling of scalings)
      for (const weights of [w, new Float32Array(w.length)]) {
        const fit = fitLayer(
          layer,
          weights,
          { count: 5, scaling },
          { ...moments, target: Float64Array.from(weights) },
        );
        expect([...fit.values, ...fit.alpha, fit.error].every(Number.isFinite)).toBe(true);
        expect(fit.alpha.every(a => a > 0)).toBe(true);
      }
  });
});

/** By its definition: the outputs' errors about their means, relative, channel by channel behind a batch norm. */
function outputError(
  layer: Layer,
  values: Float64Array,
  { groups, target }: Moments,
  scaling: Scaling,
): number {
  const energy = (v: (i: number) => number) =>
    Array.from({ length: layer.rows }, (_, r) => {
      let total = 0;
      for (const { start, size, covariance } of groups[Math.floor(r / (layer.rows / layer.groups))])
        for (let i = 0; i < size; i++)
          for (let j = 0; j < size; j++)
            total += v(r * layer.k + start + i) * v(r * layer.k + start + j) * covariance[i * size + j];
      return total;
    });
  const error = energy(i => values[i] - target[i]);
  const output = energy(i => target[i]);
  const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
  if (scaling !== 'norm') return sum(error) / sum(output);
  return sum(error.map((e, r) => e / output[r])) / error.length;
}
