import { InputError, type Tensor, tensor, toFloat16Bits } from '@apb/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  type LayersModel,
  layers,
  model as makeModel,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { importModel, toTfjs } from '../src/index.js';
import { errorBound, magnitude } from './bounds.js';
import { NetBuilder } from './builder.js';
import { runReference } from './run.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  tf.env().set('IS_NODE', false);
});

type Files = Map<string, Uint8Array>;

/** The files that `model.save('file://...')` writes. */
async function saved(model: LayersModel): Promise<Files> {
  const files: Files = new Map();
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData, format }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      files.set(
        'model.json',
        new TextEncoder().encode(JSON.stringify({ format, modelTopology, weightsManifest })),
      );
      files.set('weights.bin', new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } };
    }),
  );
  return files;
}

function imported(files: Files) {
  const sibling = async (name: string) => {
    const file = files.get(name);
    if (!file) throw new InputError(`${name} does not exist`);
    return file;
  };
  return importModel(files.get('model.json') as Uint8Array, { name: 'model.json', sibling });
}

function json(files: Files) {
  return JSON.parse(new TextDecoder().decode(files.get('model.json')));
}

function withJson(files: Files, document: unknown): Files {
  return new Map([...files, ['model.json', new TextEncoder().encode(JSON.stringify(document))]]);
}

function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (Math.sin(i * 12.9898 + seed) * 43758.5453) % 1);
}

/** Weights of every kind away from their initial values, variances above 0. */
function scrambled(model: LayersModel): LayersModel {
  model.setWeights(
    model.getWeights().map((w, i) => {
      const values = numbers(w.size, i);
      return tf.tensor(
        /variance/.test(model.weights[i].name) ? values.map(v => 0.5 + v * v) : values,
        w.shape,
      );
    }),
  );
  return model;
}

function batchFor(model: LayersModel): Tensor {
  const shape = [2, ...(model.inputs[0].shape.slice(1) as number[])];
  return tensor(
    shape,
    numbers(
      shape.reduce((a, b) => a * b),
      9,
    ),
  );
}

async function expectSame(model: LayersModel, files?: Files) {
  const { model: ours, notes, format } = await imported(files ?? (await saved(model)));
  expect(format).toBe('tfjs');
  expect(notes).toHaveLength(1);
  const x = batchFor(model);
  const y = tf.tidy(() => model.predict(tf.tensor(x.data, x.shape as number[])) as tf.Tensor);
  const [expected, got] = [await y.data(), await runReference(ours, x)];
  expect(got.shape).toEqual(y.shape);
  const bound = await errorBound(ours, magnitude(x));
  got.data.forEach((v, i) => {
    expect(Math.abs(v - expected[i])).toBeLessThanOrEqual(bound[i]);
  });
  return ours;
}

describe('a layers model computes what TensorFlow.js does', () => {
  it('sequential, with every window and padding', async () => {
    const net = sequential({
      layers: [
        layers.conv2d({
          inputShape: [11, 9, 3],
          filters: 4,
          kernelSize: [3, 2],
          strides: 2,
          padding: 'same',
          activation: 'relu',
        }),
        layers.batchNormalization({ epsilon: 0.01 }),
        layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }),
        layers.leakyReLU({ alpha: 0.2 }),
        layers.zeroPadding2d({
          padding: [
            [1, 0],
            [0, 2],
          ],
        }),
        layers.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2 }),
        layers.reLU({ maxValue: 6 }),
        layers.averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' }),
        layers.maxPooling2d({ poolSize: [2, 3], strides: [2, 1], padding: 'same' }),
        layers.dropout({ rate: 0.5 }),
        layers.flatten(),
        layers.dense({ units: 7, useBias: false }),
        layers.batchNormalization({ scale: false, center: false }),
        layers.activation({ activation: 'relu6' }),
        layers.dense({ units: 4 }),
      ],
    });
    await expectSame(scrambled(net));
  });

  it('functional, with branches, a shared layer, dilations and a dense layer on pixels', async () => {
    const input = tf_input([8, 8, 3]);
    const call = (layer: layers.Layer, ...x: SymbolicTensor[]) =>
      layer.apply(x.length === 1 ? x[0] : x) as SymbolicTensor;
    const shared = layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', name: 'shared' });
    const a = call(shared, input);
    const b = call(shared, call(layers.activation({ activation: 'relu' }), a));
    const c = call(layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: 'same' }), input);
    const sum = call(layers.add(), a, b, c);
    const pixels = call(layers.dense({ units: 6, activation: 'relu' }), sum);
    const pooled = call(
      layers.globalAveragePooling2d({}),
      call(layers.prelu({ sharedAxes: [1, 2] }), pixels),
    );
    const net = makeModel({ inputs: input, outputs: call(layers.dense({ units: 3 }), pooled) });
    await expectSame(scrambled(net));
  });

  it('with a model inside', async () => {
    const inner = sequential({
      name: 'base',
      layers: [
        layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3 }),
        layers.globalAveragePooling2d({}),
      ],
    });
    const net = sequential({ layers: [inner, layers.dense({ units: 2 })] });
    const ours = await expectSame(scrambled(net));
    expect(ours.graph.nodes[0].name).toMatch(/^base\//);
  });

  it('with a single pixel reshaped and convolved', async () => {
    const net = sequential({
      layers: [
        layers.globalAveragePooling2d({ inputShape: [4, 4, 5] }),
        layers.reshape({ targetShape: [1, 1, 5] }),
        layers.conv2d({ filters: 3, kernelSize: 1 }),
        layers.reshape({ targetShape: [3] }),
      ],
    });
    await expectSame(scrambled(net));
  });

  it('whose last activation is a softmax', async () => {
    const net = scrambled(
      sequential({ layers: [layers.dense({ inputShape: [6], units: 4, activation: 'softmax' })] }),
    );
    const { model: ours } = await imported(await saved(net));
    const x = batchFor(net);
    const expected = await (net.predict(tf.tensor(x.data, x.shape as number[])) as tf.Tensor).data();
    const got = await runReference(ours, x);
    // Scores below 6 in magnitude, errors of some units of 2^-24: a relative error below 1e-5.
    got.data.forEach((p, i) => {
      expect(Math.abs(p - expected[i])).toBeLessThan(1e-5 * expected[i]);
    });
  });
});

function tf_input(shape: number[]): SymbolicTensor {
  return layers.inputLayer({ inputShape: shape }).inboundNodes[0].outputTensors[0] as SymbolicTensor;
}

describe('the forms that Keras writes', () => {
  const net = () =>
    scrambled(sequential({ name: 'seq', layers: [layers.dense({ name: 'd', inputShape: [6], units: 4 })] }));

  it('under model_config, with arrays called by scopes', async () => {
    const files = await saved(net());
    const document = json(files);
    document.modelTopology = {
      keras_version: '2.15.0',
      backend: 'tensorflow',
      model_config: document.modelTopology,
    };
    for (const w of document.weightsManifest[0].weights) w.name = `seq/${w.name}`;
    await expectSame(net(), withJson(files, document));
  });

  it('with Keras 3’s connections and batch_shape', async () => {
    const files = await saved(net());
    const document = json(files);
    const tensorOf = (layer: string) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 6], dtype: 'float32', keras_history: [layer, 0, 0] },
    });
    const [dense] = document.modelTopology.config.layers.filter(
      (l: { class_name: string }) => l.class_name === 'Dense',
    );
    delete dense.config.batch_input_shape;
    document.modelTopology = {
      model_config: {
        class_name: 'Functional',
        config: {
          name: 'f',
          layers: [
            {
              class_name: 'InputLayer',
              name: 'in',
              config: { batch_shape: [null, 6], name: 'in' },
              inbound_nodes: [],
            },
            { ...dense, name: 'd', inbound_nodes: [{ args: [tensorOf('in')], kwargs: {} }] },
          ],
          input_layers: ['in', 0, 0],
          output_layers: [['d', 0, 0]],
        },
      },
    };
    await expectSame(net(), withJson(files, document));
  });

  it('with quantized shards, several of them', async () => {
    const files = await saved(net());
    const document = json(files);
    const [kernel, bias] = document.weightsManifest[0].weights;
    const halves = numbers(4, 2).map(v => v);
    const codes = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
    kernel.quantization = { dtype: 'uint8', scale: 0.01, min: -1, original_dtype: 'float32' };
    bias.quantization = { dtype: 'float16', original_dtype: 'float32' };
    document.weightsManifest[0].paths = ['a.bin', 'b.bin'];
    const bytes = Buffer.concat([codes, new Uint8Array(Uint16Array.from(halves, toFloat16Bits).buffer)]);
    const quantized = new Map([
      ...withJson(files, document),
      ['a.bin', bytes.subarray(0, 17)],
      ['b.bin', bytes.subarray(17)],
    ]);
    const { model } = await imported(quantized);
    const [w] = Object.entries(model.weights).filter(([name]) => name.endsWith('kernel'));
    // [6, 4] there, [4, 6] here.
    expect(w[1]).toMatchObject({ shape: [4, 6] });
    const values = (w[1] as { values: Float32Array }).values;
    values.forEach((v, i) => {
      expect(v).toBe(Math.fround(codes[(i % 6) * 4 + Math.floor(i / 6)] * 0.01 - 1));
    });
    document.weightsManifest[0].weights[0].quantization.dtype = 'uint16';
    await expect(imported(withJson(quantized, document))).rejects.toThrow(
      /weight "d\/bias".*cut short|weight "d\/kernel".*cut short/,
    );
  });
});

describe('models of TensorFlow.js that cannot be imported', () => {
  const files = () =>
    saved(scrambled(sequential({ layers: [layers.dense({ name: 'd', inputShape: [6], units: 4 })] })));
  const refused = async (change: (document: ReturnType<typeof json>) => void, message: RegExp) => {
    const given = await files();
    const document = json(given);
    change(document);
    const error = await imported(withJson(given, document)).catch(e => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^model\.json: /);
  };
  const dense = (document: ReturnType<typeof json>) =>
    document.modelTopology.config.layers.find((l: { class_name: string }) => l.class_name === 'Dense');

  it('name a graph model and the way out', async () => {
    const graph = toTfjs(new NetBuilder([4], 1).dense(4, 2).model());
    await expect(imported(new Map(graph))).rejects.toThrow(/graph model.*tfjs_layers_model/);
  });

  it('name the layer and what of it', async () => {
    await refused(d => (dense(d).class_name = 'LSTM'), /layer LSTM "d".*Conv2D, Dense/);
    await refused(d => (dense(d).class_name = 'constructor'), /layer constructor "d"/);
    await refused(d => (dense(d).config.activation = 'gelu'), /layer Dense "d": its activation "gelu"/);
    await refused(
      d => (d.weightsManifest[0].weights[0].name = 'other'),
      /layer Dense "d": its kernel is missing/,
    );
    await refused(d => (d.weightsManifest[0].weights[1].name = 'd/kernel'), /"d\/kernel" is there twice/);
    await refused(
      d => (dense(d).config.batch_input_shape = [null, null]),
      /input has the shape \[null,null\]/,
    );
    await refused(
      d => (d.weightsManifest[0].weights[0].shape = [2 ** 30, 2 ** 30]),
      /weight "d\/kernel".*cut short/,
    );
    await refused(d => (d.weightsManifest[0].weights[0].shape = [4, 6]), /d.*6/);
    await refused(d => (d.weightsManifest[0].weights[0].dtype = 'string'), /weight "d\/kernel" of string/);
    await refused(d => delete d.modelTopology, /no modelTopology/);
  });

  it('never read outside the folder', async () => {
    for (const path of ['../secret.bin', '/etc/passwd', 'a/../../b', 'C:\\x', 'file:x', '', 7])
      await refused(d => (d.weightsManifest[0].paths = [path]), /is no file of the model's folder/);
    await refused(d => (d.weightsManifest[0].paths = ['absent.bin']), /absent\.bin/);
  });

  it('whose layers wait for one another', async () => {
    const layer = (name: string, from: string) => ({
      class_name: 'ReLU',
      config: { name },
      inbound_nodes: [[[from, 0, 0, {}]]],
    });
    await refused(d => {
      d.modelTopology = {
        class_name: 'Model',
        config: {
          name: 'm',
          layers: [
            {
              class_name: 'InputLayer',
              config: { name: 'in', batch_input_shape: [null, 4] },
              inbound_nodes: [],
            },
            layer('a', 'b'),
            layer('b', 'a'),
          ],
          input_layers: [['in', 0, 0]],
          output_layers: [['b', 0, 0]],
        },
      };
    }, /output "b" cannot be reached: layer "a" waits/);
  });
});
