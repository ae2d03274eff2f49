import { InputError, sizeOf } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  activationQuantizers,
  allLayers,
  buildModel,
  calibrateActivations,
  compressedLayers,
  type ModelOptions,
  modelNames,
  reestimateBatchNorm,
  selectEngine,
  transferWeights,
} from '../../src/index.js';
import { type Blocks, blocks } from '../../src/models/blocks.js';
import { basicBlock, bottleneck } from '../../src/models/resnet/blocks.js';
import { cifarResnet } from '../../src/models/resnet/cifarResnet.js';
import { imagenetResnet } from '../../src/models/resnet/imagenetResnet.js';
import { vggSmall } from '../../src/models/vgg-small/model.js';
import { bothOutputs } from '../export/run.js';
import { normal } from '../quantizers/numbers.js';

beforeAll(async () => void (await selectEngine('wasm')));

const made: LayersModel[] = [];
afterEach(() => {
  for (const model of made.splice(0)) model.dispose();
});
const keep = (model: LayersModel) => {
  made.push(model);
  return model;
};
const apb = { weights: 'apb', activations: 32, seed: 1 } as const;
const small = { inputShape: [16, 16, 3], classes: 5 } as const;
const thin = { depths: [1, 2], stages: [4, 8] } as const;

/** Every architecture, but for few channels and blocks. */
const narrow: Readonly<Record<string, (b: Blocks) => LayersModel>> = {
  'CIFAR ResNet': b => cifarResnet(b, 'narrow', 1),
  'VGG-Small': b => vggSmall(b, [4, 4, 8, 8, 8, 8]),
  'ResNet with basic blocks': b => imagenetResnet(b, { name: 'narrow', block: basicBlock, ...thin }),
  'ResNet with bottlenecks': b => imagenetResnet(b, { name: 'narrow', block: bottleneck, ...thin }),
};
const build = (name: string, options: Partial<ModelOptions>) =>
  keep(narrow[name](blocks({ ...apb, ...small, ...options })));
const cases = Object.keys(narrow).flatMap(name => ([32, 2, 1] as const).map(bits => [name, bits] as const));

const classOf = (layer: layers.Layer) => layer.getClassName();
const before = (layer: layers.Layer) => layer.inboundNodes[0].inboundLayers;
const kernels = (model: LayersModel) =>
  allLayers(model).filter(l => l.weights.some(w => w.originalName.endsWith('kernel')));
const projections = (model: LayersModel) => kernels(model).filter(l => l.name.endsWith('_shortcut'));

describe('parameters', () => {
  /**
   * Trainable ones in full precision: torchvision's for ImageNet (11.69, 21.80 and 25.56 M of its documentation, here
   * to the last one); He et al.'s 0.27 M and 0.85 M for CIFAR (arXiv 1512.03385, table 6); VGG-Small by its layers.
   */
  const vgg = [
    [3, 128],
    [128, 128],
    [128, 256],
    [256, 256],
    [256, 512],
    [512, 512],
  ].reduce((n, [from, to]) => n + 9 * from * to + 2 * to, 4 * 4 * 512 * 10 + 10);
  const sizes = {
    resnet20: 269_722,
    resnet56: 853_018,
    'vgg-small': vgg,
    resnet18: 11_689_512,
    resnet34: 21_797_672,
    resnet50: 25_557_032,
  };

  it.each(Object.entries(sizes))('of %s are %i', (name, size) => {
    const model = keep(buildModel(name, { ...apb, weights: 'fp32' }));
    expect(model.trainableWeights.reduce((n, w) => n + sizeOf(w.shape as number[]), 0)).toBe(size);
    expect(model.outputShape).toEqual([null, /^resnet(18|34|50)$/.test(name) ? 1000 : 10]);
  });

  it('are known for every model', () => {
    expect([...Object.keys(sizes), 'mnist-cnn'].sort()).toEqual([...modelNames].sort());
  });
});

describe('every architecture', () => {
  it.each(cases)(
    '%s, %i-bit activations: compressed but for first, last and, with 1 bit, projections',
    (name, bits) => {
      const model = build(name, { activations: bits });
      const full = [...kernels(model).slice(0, 1), ...kernels(model).slice(-1)];
      if (bits === 1) full.push(...projections(model));
      expect(compressedLayers(model)).toEqual(kernels(model).filter(l => !full.includes(l)));
      expect(model.outputShape).toEqual([null, 5]);
      // One quantizer stands in front of every compressed layer, a block's first also in front of its projection.
      for (const layer of compressedLayers(model))
        expect(classOf(before(layer)[0]) === 'ActivationQuantizer').toBe(bits !== 32);
      const shared = bits === 1 ? 0 : projections(model).length;
      expect(activationQuantizers(model)).toHaveLength(
        bits === 32 ? 0 : compressedLayers(model).length - shared,
      );
    },
  );

  it.each(Object.keys(narrow))('%s has no ReLU in front of a sign', name => {
    for (const quantizer of activationQuantizers(build(name, { activations: 1 }))) {
      let [source] = before(quantizer);
      while (classOf(source) === 'MaxPooling2D') [source] = before(source);
      expect(['BatchNorm', 'PReLU']).toContain(classOf(source));
    }
  });

  it.each(cases)('%s, %i-bit activations: exported, it gives its outputs', async (name, activations) => {
    const model = build(name, { activations, deltaRule: { rule: 'percentile', percent: 95 } });
    const x = normal(4 * 768, 4);
    const pictures = tf.tensor4d(x, [4, 16, 16, 3]);
    await reestimateBatchNorm(model, [pictures]);
    if (activations === 2) {
      calibrateActivations(model, pictures);
      await reestimateBatchNorm(model, [pictures]);
    }
    pictures.dispose();
    const { ours, theirs } = await bothOutputs(model, x.subarray(0, 768));
    expect(ours.shape).toEqual(theirs.shape);
    const largest = Math.max(...theirs.data.map(Math.abs));
    expect(largest).toBeGreaterThan(0.01);
    // A value within rounding of a threshold may take the other code; a wrong graph is off by far more.
    const bound = (activations === 32 ? 1e-4 : 0.2) * largest;
    ours.data.forEach((v, i) => {
      expect(Math.abs(v - theirs.data[i])).toBeLessThan(bound);
    });
  });

  it.each(Object.keys(narrow))(
    '%s keeps its layers names whatever the options, for transferWeights',
    name => {
      const source = build(name, { weights: 'fp32', seed: 2 });
      for (const activations of [32, 2, 1] as const) {
        const target = build(name, { activations });
        const without = transferWeights(source, target);
        expect(without.filter(layer => !/_(quantizer|prelu)\d?$/.test(layer))).toEqual([]);
        for (const layer of kernels(source)) {
          const [a, b] = [layer, target.getLayer(layer.name)].map(l => [...l.getWeights()[0].dataSync()]);
          expect(b).toEqual(a);
        }
      }
    },
  );
});

describe('Bi-Real shortcuts', () => {
  const adds = (model: LayersModel) => model.layers.filter(l => classOf(l) === 'Add').length;

  it('are one for each convolution, by default for 1 bit, on request for others', () => {
    for (const name of ['CIFAR ResNet', 'ResNet with basic blocks']) {
      const blocksOf = adds(build(name, { activations: 2 }));
      expect(adds(build(name, { activations: 1 }))).toBe(2 * blocksOf);
      const asked = build(name, { activations: 2, shortcuts: 'bireal' });
      expect(adds(asked)).toBe(2 * blocksOf);
      expect(asked.layers.filter(l => classOf(l) === 'ReLU')).toEqual([]);
    }
  });

  it('go around the 3x3 convolution of a bottleneck where it keeps the size', () => {
    // Three blocks; the first of the second stage has stride 2.
    expect(adds(build('ResNet with bottlenecks', { activations: 1 }))).toBe(3 + 2);
  });
});

describe('the stem', () => {
  const first = (options: Partial<ModelOptions>) => {
    const b = blocks({ ...apb, ...options });
    const model = keep(imagenetResnet(b, { name: 'narrow', block: basicBlock, ...thin }));
    return [model.getLayer('conv1').weights[0].shape[0], model.getLayer('stage1_block1_conv1').outputShape];
  };

  it('follows the size of the pictures unless it is set', () => {
    expect(first({})).toEqual([7, [null, 56, 56, 4]]);
    expect(first({ inputShape: [96, 128, 3] })).toEqual([7, [null, 24, 32, 4]]);
    expect(first({ inputShape: [95, 128, 3] })).toEqual([3, [null, 95, 128, 4]]);
    expect(first({ inputShape: [32, 32, 3], stem: 'imagenet' })).toEqual([7, [null, 8, 8, 4]]);
    expect(first({ stem: 'cifar' })).toEqual([3, [null, 224, 224, 4]]);
  });

  it('brings 224 pixels to the 7 of He et al.', () => {
    const model = keep(buildModel('resnet18', { ...apb, weights: 'fp32' }));
    expect(model.getLayer('stage4_block2_conv2').outputShape).toEqual([null, 7, 7, 512]);
  });
});

describe('buildModel', () => {
  it.each([
    ['vgg-small', { stem: 'cifar' }, 'vgg-small has no choice of stem; leave stem out'],
    ['resnet20', { stem: 'cifar' }, 'resnet20 has no choice of stem'],
    ['mnist-cnn', { shortcuts: 'plain' }, 'mnist-cnn has no choice of shortcuts'],
    ['resnet20', { shortcuts: 'none' }, 'shortcuts none is unknown; choose one of plain, bireal'],
    [
      'resnet20',
      { shortcuts: 'plain', activations: 1 },
      'plain shortcuts have a ReLU in front of every sign',
    ],
    ['vgg-small', { inputShape: [7, 32, 3] }, 'vgg-small cannot take pictures of 7x32x3'],
    ['resnet20', { classes: 0 }, 'resnet20 cannot tell 0 classes apart'],
  ])('refuses for %s %o', (name, options, message) => {
    expect(() => buildModel(name, { ...apb, ...(options as Partial<ModelOptions>) })).toThrow(InputError);
    expect(() => buildModel(name, { ...apb, ...(options as Partial<ModelOptions>) })).toThrow(message);
  });

  it('takes pictures and classes of the data set', () => {
    for (const name of ['mnist-cnn', 'resnet20', 'vgg-small']) {
      const model = keep(buildModel(name, { ...apb, inputShape: [9, 12, 1], classes: 3 }));
      expect([model.inputs[0].shape, model.outputShape]).toEqual([
        [null, 9, 12, 1],
        [null, 3],
      ]);
    }
  });
});
