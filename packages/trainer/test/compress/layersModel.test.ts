import { createReferenceBackend, type Model, readModel, subgraph, tensor, writeModel } from '@apb/core';
import { createSession } from '@apb/runtime';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model as layersModel,
  regularizers,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  allLayers,
  compress,
  compressedLayers,
  type LabelledBatch,
  selectEngine,
  type WeightQuantizerConfig,
} from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';
import { bound, sections, trainerValues } from '../parity/parity.js';
import { normal } from '../quantizers/numbers.js';
import { batches, CLASSES, mobileNet, SIDE } from './mobileNet.js';

const backends = ['reference', 'wasm', 'native'] as const;

async function run(model: Model, x: tf.Tensor, backend: string): Promise<Float32Array> {
  const reference = [{ name: 'reference', load: async () => createReferenceBackend }];
  const session = await createSession(
    model,
    backend === 'reference' ? { candidates: reference, env: {} } : { backend, env: {} },
  );
  try {
    return (await session.run(tensor(x.shape, x.dataSync() as Float32Array))).data;
  } finally {
    session.dispose();
  }
}

/** Through the bytes of a file, as a user would. */
async function stored(model: Model): Promise<Model> {
  return readModel(await writeModel(model));
}

function weightsOf(model: LayersModel): number[][] {
  return model.weights.map(w => [...w.read().dataSync()]);
}

/** As a tf.data.Dataset looks: fresh tensors on every pass. */
function tfDataset(make: () => LabelledBatch[]) {
  const made: tf.Tensor[] = [];
  return {
    made,
    dataset: {
      size: null,
      iterator: async () => {
        const left = make();
        made.push(...left.flatMap(({ xs, ys }) => [xs, ys] as tf.Tensor[]));
        const rest = [...left];
        return {
          next: async () => {
            const value = rest.shift();
            return { value, done: value === undefined };
          },
        };
      },
    },
  };
}

await onEachEngine(engine => {
  // Half a second a step on the plain JavaScript engine.
  const epochs = engine === 'cpu' ? 3 : 10;

  describe('compress', () => {
    it.each([32, 2] as const)(
      'trains a MobileNet of tf.layers and runs it packed, %i-bit activations',
      async activations => {
        const original = mobileNet();
        const data = batches(2, 16);
        const before = weightsOf(original);
        const { model, report, ...result } = await compress(original, {
          ...{
            activations,
            data,
            epochs,
            deltaRule: { rule: 'percentile', percent: 95 },
            learningRate: 1e-2,
          },
        });
        expect(weightsOf(original)).toEqual(before);

        const { history } = report;
        expect(history).toHaveLength(epochs);
        // Four classes start at log 4 = 1.39 nats; chance is 0.25.
        expect(history.at(-1)!.loss).toBeLessThan((engine === 'cpu' ? 0.95 : 0.7) * history[0].loss);
        if (engine !== 'cpu') expect(history.at(-1)!.accuracy).toBeGreaterThan(0.5);
        const names = ['dw1', 'pw1', 'dw2', 'pw2', 'expand', 'dw3', 'project'];
        expect(report.quantized.map(l => l.name)).toEqual(names);
        expect(report.layers.filter(l => !l.compressed).map(l => l.layer)).toEqual(['stem', 'top']);
        expect(report.layers.filter(l => l.compressed && l.activations === activations)).toHaveLength(7);
        for (const { weightQuantizer } of compressedLayers(model)) {
          const { alpha, delta } = weightQuantizer.scales();
          expect(alpha[0]).toBeGreaterThan(0);
          expect(delta).toBeGreaterThan(0);
        }

        const packed = await stored(result.export({ classes: ['a', 'b', 'c', 'd'] }));
        const apb = Object.values(packed.weights).filter(w => w.encoding === 'apb');
        expect(apb).toHaveLength(7);
        for (const w of apb) expect(w.weights.positions.length).toBeGreaterThan(0);

        const x = data[0].xs as tf.Tensor;
        const found = sections(packed);
        expect(found).toHaveLength(8);
        const taps = trainerValues(model, x, [
          ...new Set(found.flatMap(s => [s.tap, s.norm.name]).filter(name => name !== 'input')),
        ]);
        for (const section of found) {
          const injected = section.tap === 'input' ? x : taps.get(section.tap)!;
          const theirs = taps.get(section.norm.name)!.dataSync();
          const allowed = bound(packed, section, injected);
          const part = subgraph(packed, section.from, section.norm.name);
          for (const backend of backends) {
            const ours = await run(part, injected, backend);
            const used = ours.map((y, i) => Math.abs(y - theirs[i]) / allowed[i]);
            expect(Math.max(...used), `${section.product.name} on ${backend}`).toBeLessThanOrEqual(1);
          }
        }
        for (const t of taps.values()) if (t !== x) t.dispose();

        // End to end: 32-bit scores differ by rounding alone; a code on a threshold may tip with 2 bits.
        const theirs = tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync());
        for (const backend of backends) {
          const ours = await run(packed, x, backend);
          const close = ours.filter((y, i) => Math.abs(y - theirs[i]) < 1e-4).length;
          expect(close / ours.length, backend).toBeGreaterThanOrEqual(activations === 32 ? 1 : 0.8);
        }
        tf.dispose(data as unknown as tf.TensorContainer);
        model.dispose();
        original.dispose();
      },
    );

    it('reads a tf.data.Dataset again in every epoch, disposes its batches and leaks nothing', async () => {
      const original = mobileNet();
      const once = async () => {
        const { made, dataset } = tfDataset(() => batches(1, 8, 'indices'));
        const { model, report } = await compress(original, { data: dataset, epochs: 2 });
        expect(report.history).toHaveLength(2);
        // Statistics are estimated before and after, and the batches counted.
        expect(made.length).toBe(2 * 5);
        expect(made.every(t => t.isDisposed)).toBe(true);
        model.dispose();
      };
      await once();
      const before = tf.memory().numTensors;
      await once();
      expect(tf.memory().numTensors).toBe(before);
      original.dispose();
    });
  });
});

describe('compress on wasm', () => {
  beforeAll(async () => {
    await selectEngine('wasm');
  });

  it.each<[string, WeightQuantizerConfig, string]>([
    ['apb', { kind: 'apb' }, 'apb'],
    ['binary', { kind: 'binary' }, 'binary'],
    ['ternary', { kind: 'ternary' }, 'ternary'],
    ['kbit', { kind: 'kbit', bits: 2 }, 'kbit'],
    ['prune', { kind: 'prune', sparsity: 0.8 }, 'sparse'],
    ['prune-kbit', { kind: 'prune-kbit', bits: 2, sparsity: 0.8 }, 'sparseKbit'],
  ])('stores %s weights and runs them', async (_, quantizer, encoding) => {
    const data = batches(1, 8);
    const { model, ...result } = await compress(mobileNet(), { quantizer, data });
    const packed = await stored(result.export());
    expect(Object.values(packed.weights).filter(w => w.encoding === encoding)).toHaveLength(7);
    const x = data[0].xs as tf.Tensor;
    const theirs = tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync());
    for (const backend of backends) {
      const ours = await run(packed, x, backend);
      ours.forEach((y, i) => {
        expect(Math.abs(y - theirs[i]), backend).toBeLessThan(1e-4);
      });
    }
  });

  it.each<[string, WeightQuantizerConfig, number]>([
    ['apb', { kind: 'apb' }, 1.5],
    ['apb', { kind: 'apb' }, 2.5],
    ['prune', { kind: 'prune' }, 4],
  ])('brings %s weights to a budget (%o, %d bits), with and without data', async (_, quantizer, bits) => {
    const budget = { quantizer, bitsPerWeight: bits };
    const plain = await compress(mobileNet(), budget);
    // Pruning rounds to whole weights layer by layer: at most one of 32 + 9 bits too many in each.
    const weights = plain.report.quantized.reduce((n, layer) => n + layer.weights, 0);
    const allowed = quantizer.kind === 'prune' ? (7 * 41) / weights : 0.02 * bits;
    expect(Math.abs(plain.report.bitsPerWeight - bits)).toBeLessThan(allowed);
    const trained = await compress(mobileNet(), { ...budget, data: batches(4, 8), epochs: 4 });
    expect(Math.abs(trained.report.bitsPerWeight - bits)).toBeLessThan(allowed);
    const shares = trained.report.quantized.map(l => l.fullPrecisionShare);
    if (quantizer.kind === 'apb') expect(Math.max(...shares)).toBeGreaterThan(1.2 * Math.min(...shares));
    const stored = Object.values(trained.export().weights).filter(w => w.encoding !== 'float');
    expect(stored).toHaveLength(7);
  });

  it('computes what the original computed where every weight stays in full precision', async () => {
    const original = mobileNet();
    // Below the smallest distance nothing is binarized: the swap alone must change nothing but rounding.
    const quantizer = { kind: 'apb', deltaAboveAlpha: false, deltaMin: 1e-12 } as const;
    const { model } = await compress(original, {
      quantizer,
      deltaRule: { rule: 'percentile', percent: 1e-9 },
      keep: layer => layer.name === 'stem',
    });
    const [{ xs }] = batches(1, 8);
    const [a, b] = [model, original].map(m =>
      tf.tidy(() => (m.predict(xs as tf.Tensor) as tf.Tensor).dataSync()),
    );
    a.forEach((y, i) => {
      expect(Math.abs(y - b[i])).toBeLessThan(1e-5);
    });
    expect(model.name).toBe('small_mobilenet');
    expect(model.layers.map(l => l.name)).toEqual(original.layers.map(l => l.name));
  });

  it('opens nested models, shares shared layers, takes several inputs and outputs', async () => {
    // Seeded: from some weights three steps do not lower the loss.
    const seeded = (seed: number) => ({ kernelInitializer: initializers.heNormal({ seed }) });
    const shared = layers.dense({ units: 5, name: 'shared', activation: 'relu', ...seeded(1) });
    const nested = sequential({
      name: 'nested',
      layers: [
        layers.dense({ units: 5, name: 'inner', inputShape: [5], ...seeded(2) }),
        layers.batchNormalization({ name: 'norm' }),
      ],
    });
    const [a, b] = ['a', 'b'].map(name => input({ shape: [6], name }));
    const [x, y] = [a, b].map(t => nested.apply(shared.apply(t)) as SymbolicTensor);
    const sum = layers.add().apply([x, y]) as SymbolicTensor;
    const heads = ['one', 'two'].map(
      (name, i) => layers.dense({ units: 2, name, ...seeded(3 + i) }).apply(sum) as SymbolicTensor,
    );
    const original = layersModel({ inputs: [a, b], outputs: heads });
    const batch = {
      xs: { b: tf.tensor2d(normal(24, 1), [4, 6]), a: tf.tensor2d(normal(24, 2), [4, 6]) },
      ys: [tf.zeros([4, 2]), tf.ones([4, 2])],
    };
    const { model, report } = await compress(original, {
      activations: 2,
      data: [batch],
      epochs: 3,
      loss: (ys, outputs) =>
        tf.addN(ys.map((t, i) => tf.losses.meanSquaredError(t, outputs[i]) as tf.Tensor)),
    });
    expect(report.layers.map(l => [l.layer, l.compressed])).toEqual([
      ['shared', true],
      ['inner', true],
      ['one', false],
      ['two', false],
    ]);
    expect(report.layers[0]).toMatchObject({
      activations: 32,
      activationsReason: expect.stringMatching(/model's input/),
    });
    expect(report.layers[1]).toMatchObject({ activations: 2 });
    expect(compressedLayers(model).map(l => l.name)).toEqual(['shared', 'inner']);
    expect(compressedLayers(model)[0].inboundNodes).toHaveLength(2);
    expect(model.inputNames).toEqual(original.inputNames);
    expect(report.history[2].loss).toBeLessThan(report.history[0].loss);
  });

  it('takes a separable convolution apart without changing it', async () => {
    const original = sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [SIDE, SIDE, 3] }),
        layers.separableConv2d({
          ...{ name: 'separable', filters: 5, kernelSize: 3, strides: [2, 2], padding: 'same' },
          ...{ depthMultiplier: 2, activation: 'relu', biasInitializer: 'ones' },
        }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    });
    const [{ xs }] = batches(1, 4);
    const expected = (original.predict(xs as tf.Tensor) as tf.Tensor).dataSync();
    const kept = await compress(original, { keep: ['separable'] });
    const names = allLayers(kept.model).map(l => l.getClassName());
    expect(names).toEqual(['InputLayer', 'ApbConv2D', 'DepthwiseConv2D', 'Conv2D', 'Flatten', 'ApbDense']);
    const { model } = await compress(original, {
      quantizer: { kind: 'prune' },
      keep: (_, byDefault) => byDefault,
    });
    expect(compressedLayers(model).map(l => l.name)).toEqual(['separable_depthwise', 'separable']);
    (model.predict(xs as tf.Tensor) as tf.Tensor).dataSync().forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i], 5);
    });
  });

  it('says why an input is not quantized, and makes intervals by the sign of values', async () => {
    const relu = () => layers.activation({ activation: 'relu' });
    const original = sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [SIDE, SIDE, 3] }),
        relu(),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.conv2d({ filters: 4, kernelSize: 1, name: 'rectified' }),
        layers.conv2d({ filters: 4, kernelSize: 1, name: 'signed' }),
        layers.flatten(),
        layers.dense({ units: CLASSES }),
      ],
    });
    const reasons = async (activations: 1 | 2) => {
      const { model, report } = await compress(original, { activations });
      const [rectified, signed] = report.layers.slice(1);
      return { rectified, signed, bounds: (name: string) => quantizerBounds(model, name) };
    };
    const one = await reasons(1);
    expect(one.rectified).toMatchObject({
      activations: 32,
      activationsReason: expect.stringMatching(/every sign would be \+1/),
    });
    expect(one.signed).toMatchObject({ activations: 1 });
    const two = await reasons(2);
    expect(two.bounds('rectified_quantizer').lo).toBe(0);
    const { lo, hi } = two.bounds('signed_quantizer');
    expect(lo).toBe(-hi);
  });

  it('keeps regularizers, and frozen layers frozen', async () => {
    const original = sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [SIDE, SIDE, 3] }),
        layers.depthwiseConv2d({
          ...{ kernelSize: 3, name: 'regular' },
          depthwiseRegularizer: regularizers.l2({ l2: 0.5 }),
        }),
        layers.conv2d({ filters: 4, kernelSize: 1, name: 'frozen', trainable: false }),
        layers.flatten(),
        layers.dense({ units: CLASSES }),
      ],
    });
    const data = batches(1, 8);
    const { model, report } = await compress(original, { data });
    const penalty = 0.5 * sumOfSquares(original.getLayer('regular').getWeights()[0]);
    expect(report.history[0].loss).toBeGreaterThan(penalty);
    const [a, b] = [original, model].map(m => [...m.getLayer('frozen').getWeights()[0].dataSync()]);
    expect(b).toEqual(a);
    await expect(compress(original, { data, bitsPerWeight: 1.5 })).rejects.toThrow(/layer frozen is frozen/);
  });

  it('names what is wrong', async () => {
    const original = mobileNet();
    await expect(compress({} as LayersModel)).rejects.toThrow(/tf\.LayersModel/);
    await expect(compress(original, { keep: ['conv7'] })).rejects.toThrow(/keep names conv7.*stem, dw1/);
    await expect(compress(original, { keep: () => true })).rejects.toThrow(
      /nothing to compress.*kept as asked/,
    );
    await expect(compress(original, { activations: 3 as 2 })).rejects.toThrow(/activations must be/);
    const two = { quantizer: { kind: 'ternary' }, bitsPerWeight: 1.5 } as const;
    await expect(compress(original, two)).rejects.toThrow(/bitsPerWeight belongs to apb/);
    await expect(compress(original, { bitsPerWeight: 0.5 })).rejects.toThrow(/cannot be reached/);
    await expect(compress(original, { data: [] })).rejects.toThrow(/no batch/);
    await expect(compress(original, { data: 7 as never })).rejects.toThrow(/tf\.data\.Dataset/);
    await expect(compress(original, { data: [{ xs: tf.zeros([1]) }] as never })).rejects.toThrow(
      /\{xs, ys\}/,
    );
    const data = batches(1, 4);
    await expect(compress(original, { data, epochs: 0 })).rejects.toThrow(/epochs/);
    await expect(compress(original, { data, loss: 'guess' as never })).rejects.toThrow(
      /loss guess is unknown/,
    );
    const used = (async function* () {
      yield* batches(1, 4);
    })();
    await expect(compress(original, { data: used, epochs: 2 })).rejects.toThrow(
      /cannot be read a second time/,
    );
    const stop = AbortSignal.abort(new Error('stopped'));
    await expect(compress(original, { data, signal: stop })).rejects.toThrow('stopped');
  });
});

function quantizerBounds(model: LayersModel, name: string) {
  return (model.getLayer(name) as unknown as { bounds(): { lo: number; hi: number } }).bounds();
}

function sumOfSquares(t: tf.Tensor): number {
  return (t.dataSync() as Float32Array).reduce((sum, x) => sum + x * x, 0);
}
