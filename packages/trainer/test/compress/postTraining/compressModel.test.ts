import { InputError, type Model, memoryOf, tensor, uniformQuantizer, writeModel } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { correct } from '../../../src/compress/postTraining/correct.js';
import {
  compressModel,
  type PostTrainingProgress,
  relativeOutputError,
  restoreStatistics,
} from '../../../src/compress/postTraining/index.js';
import { decide, type Layer } from '../../../src/compress/postTraining/layers.js';
import { cutsOf } from '../../../src/compress/postTraining/values.js';
import { Net, residualNet, runReference, smoothPictures } from './nets.js';

const run = runReference;
const pictures = smoothPictures(40, [9, 8, 3], 1);
const check = smoothPictures(20, [9, 8, 3], 2);
const data = { pictures, check, run };

describe('a network with residual blocks', () => {
  const model = residualNet(100).model();

  it('comes out at the budget, smaller errors with calibration, the rest untouched', async () => {
    const errors: number[] = [];
    const ofLayers: number[] = [];
    for (const bitsPerWeight of [1, 1.2, 1.5, 2.5])
      for (const given of [undefined, data]) {
        const { model: small, report } = await compressModel(model, { bitsPerWeight, data: given });
        const { compressed } = memoryOf(small).totals;
        expect(report.totals.compressed).toEqual(compressed);
        expect(compressed.weights).toBe(4 * 8 * 72);
        expect(compressed.bitsPerWeight).toBeLessThanOrEqual(bitsPerWeight);
        // One weight of a layer of 576 takes 42 bits.
        expect(compressed.bitsPerWeight).toBeGreaterThan(bitsPerWeight - 42 / compressed.weights);
        for (const name of ['first/w', 'scores/w', 'scores/b', 'norm0/gamma'])
          expect(small.weights[name]).toEqual(model.weights[name]);
        const error = await relativeOutputError(run, model, small, check);
        if (given) expect(report.totals.outputError).toBe(error);
        errors.push(error);
        ofLayers.push(report.layers.reduce((sum, l) => sum + (l.error ?? 0), 0));
      }
    for (let i = 0; i < errors.length; i += 2) expect(errors[i + 1]).toBeLessThan(errors[i]);
    // The more bits, the nearer the layers, on the pictures that they were fitted to.
    for (let i = 2; i < ofLayers.length; i++) expect(ofLayers[i]).toBeLessThan(ofLayers[i - 2]);
  });

  it('reports every layer once, the most sensitive first, and shares that differ', async () => {
    const { model: small, report } = await compressModel(model, { bitsPerWeight: 1.6, data });
    expect(report.layers.map(l => l.name).sort()).toEqual(
      ['conv1a', 'conv1b', 'conv2a', 'conv2b', 'first', 'scores'].sort(),
    );
    const compressed = report.layers.filter(l => l.compressed);
    expect(compressed.map(l => l.sensitivity)).toEqual(
      compressed.map(l => l.sensitivity as number).sort((a, b) => b - a),
    );
    expect(new Set(compressed.map(l => l.fullPrecision)).size).toBeGreaterThan(1);
    expect(report.layers.slice(-2).map(l => l.reason)).toEqual([
      'is the first convolution',
      'makes the output',
    ]);
    const bits = compressed.reduce((sum, l) => sum + l.bits, 0);
    expect(bits).toBe(memoryOf(small).totals.compressed.paper);
    for (const l of compressed) expect(l.error).toBeGreaterThan(0);
  });

  it('gives the same bytes twice and leaves the original alone', async () => {
    const before = await writeModel(model);
    const files = [];
    for (let i = 0; i < 2; i++)
      files.push(await writeModel((await compressModel(model, { bitsPerWeight: 1.5, data })).model));
    expect(files[0]).toEqual(files[1]);
    expect(await writeModel(model)).toEqual(before);
  });

  it('tells its progress, layer by layer', async () => {
    const seen: PostTrainingProgress[] = [];
    await compressModel(model, { bitsPerWeight: 1.5, data, onProgress: p => seen.push(p) });
    expect(seen.map(p => `${p.phase} ${p.layer} ${p.done}/${p.total}`)).toEqual(
      ['measuring', 'compressing'].flatMap(phase =>
        ['conv1a', 'conv1b', 'conv2a', 'conv2b'].map((layer, i) => `${phase} ${layer} ${i}/4`),
      ),
    );
  });

  it('keeps what it is told to keep', async () => {
    const keep = ['conv1a', 'first'];
    const { model: small, report } = await compressModel(model, { bitsPerWeight: 2, keep });
    expect(small.weights['conv1a/w']).toEqual(model.weights['conv1a/w']);
    expect(small.weights['scores/w'].encoding).toBe('apb');
    expect(
      report.layers
        .filter(l => !l.compressed)
        .map(l => l.name)
        .sort(),
    ).toEqual(['conv1a', 'first']);
    const all = await compressModel(model, { bitsPerWeight: 2, keep: [] });
    expect(all.report.layers.every(l => l.compressed)).toBe(true);
  });

  it('is refused with options that cannot be met', async () => {
    for (const bitsPerWeight of [0, 0.99, 33, Number.NaN])
      await expect(compressModel(model, { bitsPerWeight })).rejects.toThrow(
        /bits per weight must be from 1 to 32/,
      );
    const keep = ['conv7'];
    await expect(compressModel(model, { bitsPerWeight: 2, keep })).rejects.toThrow(
      /no layer "conv7".*first, conv1a/,
    );
    const { model: small } = await compressModel(model, { bitsPerWeight: 2 });
    await expect(compressModel(small, { bitsPerWeight: 2 })).rejects.toThrow(InputError);
    await expect(compressModel(small, { bitsPerWeight: 2 })).rejects.toThrow(/conv1a is apb already/);
  });
});

describe('networks of other kinds', () => {
  const error = async (model: Model, small: Model) => relativeOutputError(run, model, small, check);

  it('without batch norms: biases take the means, and scales are stored per channel on request', async () => {
    const net = new Net([9, 8, 3], 300)
      .conv('first', [8, 3, 3, 3])
      .op('relu', 'r0')
      .conv('a', [16, 3, 3, 8])
      .op('relu', 'r1');
    net
      .conv('b', [16, 3, 3, 16], { bias: 'b/own' })
      .op('relu', 'r2')
      .op('globalAvgPool', 'p')
      .dense('scores', [4, 16]);
    const model = net.op('softmax', 'probabilities').model();
    const plain = await compressModel(model, { bitsPerWeight: 2, data });
    const { model: small } = plain;
    expect(small.graph.nodes.find(n => n.name === 'a')).toMatchObject({ bias: 'a/bias' });
    expect(small.weights['b/own']).not.toEqual(model.weights['b/own']);
    expect(small.weights['a/w']).toMatchObject({ encoding: 'apb', weights: { scales: { length: 1 } } });
    const channels = await compressModel(model, { bitsPerWeight: 2, data, perChannel: true });
    expect(channels.model.weights['a/w']).toMatchObject({ weights: { scales: { length: 16 } } });
    for (const { report } of [plain, channels]) {
      expect(report.totals.compressed.bitsPerWeight).toBeLessThanOrEqual(2);
      expect(report.totals.compressed.bitsPerWeight).toBeGreaterThan(1.98);
      expect(report.totals.outputError).toBeLessThan(0.5);
    }
    const without = await compressModel(model, { bitsPerWeight: 2 });
    expect(await error(model, small)).toBeLessThan(await error(model, without.model));
  });

  it('with depthwise and grouped convolutions', async () => {
    const net = new Net([9, 8, 3], 400).conv('first', [8, 3, 3, 3]).norm('n0', 8).op('relu', 'r0');
    net.conv('depthwise', [8, 3, 3, 1], { groups: 8 }).norm('n1', 8).op('relu', 'r1');
    net
      .conv('grouped', [12, 3, 3, 4], { groups: 2, strides: [2, 2] })
      .norm('n2', 12)
      .op('relu', 'r2');
    const model = net
      .op('flatten', 'f')
      .dense('hidden', [10, 240])
      .norm('n3', 10)
      .dense('scores', [4, 10])
      .model();
    const [small, without] = [
      await compressModel(model, { bitsPerWeight: 2, data }),
      await compressModel(model, { bitsPerWeight: 2 }),
    ];
    expect(small.report.totals.compressed.bitsPerWeight).toBeLessThanOrEqual(2);
    expect(await error(model, small.model)).toBeLessThan(await error(model, without.model));
  });

  it('with quantized activations', async () => {
    const net = new Net([9, 8, 3], 500).conv('first', [8, 3, 3, 3]).norm('n0', 8);
    net.put({ op: 'quantize', name: 'q', inputs: [net.last], quantizer: uniformQuantizer(2, 0, 1.5) });
    net
      .conv('a', [16, 3, 3, 8])
      .norm('n1', 16)
      .op('relu', 'r')
      .op('globalAvgPool', 'p')
      .dense('scores', [4, 16]);
    const model = net.model();
    const { report } = await compressModel(model, { bitsPerWeight: 1.5, data });
    expect(report.totals.outputError).toBeLessThan(0.6);
  });

  it('keeps weights that two layers share', async () => {
    const net = new Net([9, 8, 3], 600)
      .conv('first', [8, 3, 3, 3])
      .conv('a', [8, 3, 3, 8])
      .conv('b', [8, 3, 3, 8]);
    net.put({ ...(net.nodes[1] as object), name: 'again', inputs: ['b'] } as never);
    const model = net.op('globalAvgPool', 'p').dense('scores', [4, 8]).model();
    const { report } = await compressModel(model, { bitsPerWeight: 1.5 });
    expect(report.layers.filter(l => /shares its weights/.test(l.reason ?? '')).map(l => l.name)).toEqual([
      'a',
      'again',
    ]);
  });
});

describe('channels of zeros', () => {
  it('stay without effect, with calibration and without', async () => {
    const model = residualNet(1000).model();
    const { values } = model.weights['conv1a/w'] as { values: Float32Array };
    values.fill(0, 72, 144);
    const channel = async (m: Model) => {
      const graph = { ...m.graph, output: 'norm1a' };
      const used = Object.entries(m.weights).filter(([name]) => /^(first|norm0|conv1a|norm1a)\//.test(name));
      const nodes = m.graph.nodes.slice(0, m.graph.nodes.findIndex(n => n.name === 'norm1a') + 1);
      const { data: y } = await run(
        { ...m, graph: { ...graph, nodes }, weights: Object.fromEntries(used) },
        check,
      );
      return y.filter((_, i) => i % 8 === 1);
    };
    const [constant] = await channel(model);
    for (const given of [undefined, data]) {
      const { model: small } = await compressModel(model, { bitsPerWeight: 1.2, data: given });
      for (const v of await channel(small)) expect(Math.abs(v - constant)).toBeLessThan(1e-3);
    }
  });
});

describe('statistics', () => {
  it('behind a layer are those of full precision afterwards', async () => {
    const model = residualNet(700).model();
    const layer = decide(model).find(d => d.node.name === 'conv1a')?.layer as Layer;
    const wanted = tensor([50, 2, 2, 8], smoothPictures(50, [2, 2, 8], 3).data);
    const got = tensor(
      [50, 2, 2, 8],
      smoothPictures(50, [2, 2, 8], 4).data.map((v, i) => v * (1 + (i % 8)) - 2),
    );
    const corrected = correct(model, layer, wanted, got).model;
    const behind = (m: Model, values: Float32Array, c: number) => {
      const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map(
        part => (m.weights[`norm1a/${part}`] as { values: Float32Array }).values[c],
      );
      const y = Array.from(
        values.filter((_, i) => i % 8 === c),
        v => (gamma * (v - mean)) / Math.sqrt(variance + 1e-3) + beta,
      );
      const average = y.reduce((a, b) => a + b) / y.length;
      return [average, y.reduce((a, b) => a + (b - average) ** 2, 0) / y.length];
    };
    for (let c = 0; c < 8; c++) {
      const [before, after] = [behind(model, wanted.data, c), behind(corrected, got.data, c)];
      expect(after[0]).toBeCloseTo(before[0], 5);
      expect(after[1]).toBeCloseTo(before[1], 4);
    }
  });

  it('of weights that were changed at will bring the network closer again', async () => {
    const model = residualNet(800).model();
    const doubled = Object.fromEntries(
      Object.entries(model.weights).map(([name, w]) =>
        /^conv/.test(name) && w.encoding === 'float'
          ? [name, { ...w, values: w.values.map(v => 3 * v) }]
          : [name, w],
      ),
    );
    const changed = { ...model, weights: doubled };
    const restored = await restoreStatistics(model, changed, data);
    expect(await relativeOutputError(run, model, changed, check)).toBeGreaterThan(0.5);
    expect(await relativeOutputError(run, model, restored, check)).toBeLessThan(1e-4);
  });

  it('are computed from the last value that all later ones come from', () => {
    expect(cutsOf(residualNet(900).model())).toEqual([
      'first',
      'norm0',
      'relu0',
      'add1',
      'relu1',
      'add2',
      'relu2',
      'pool',
      'scores',
    ]);
  });
});
