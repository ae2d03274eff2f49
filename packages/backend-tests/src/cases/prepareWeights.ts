import type {
  ConvGeometry,
  IntProduct,
  KernelBackend,
  KernelWeights,
  OpName,
  Product,
  WeightUse,
} from '@apb/core';
import { products } from '@apb/core';
import { expectIntegers, expectThat, expectThrow } from '../compare.js';
import { kernelWeights } from '../oracle/layer.js';
import { integerProduct } from '../oracle/product.js';
import type { RandomFor, Scenario } from '../scenario.js';
import { planesOf, put } from '../values.js';
import { tinyIntProduct } from './gemmInt.js';
import { activationBits, layerFor, weightBits } from './layers.js';

type Apb = Extract<KernelWeights, { kind: 'apb' }>;

const ROWS = 4;
const K = 36;
const geometry: ConvGeometry = {
  inChannels: 8,
  outChannels: ROWS,
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
  groups: 2,
};

/** What preparation reports, copies and refuses, for every product that some operation of the backend takes. */
export function prepareScenarios(randomFor: RandomFor): Scenario[] {
  const scenario = (name: string, check: (backend: KernelBackend, product: Product) => void): Scenario => ({
    subject: 'prepareWeights',
    name,
    run: async rig => {
      const backend = await rig.shared();
      for (const product of products.filter(p => takes(backend, p))) check(backend, product);
    },
  });
  const weightsOf = (product: Product) =>
    kernelWeights(
      layerFor(randomFor(`weights ${product}`), product, {
        rows: ROWS,
        k: K,
        sparsity: 'ends',
        perChannel: true,
      }),
    );
  return [
    scenario('reports product, sizes, geometry and bytes', (backend, product) => {
      for (const g of [undefined, geometry]) {
        const prepared = backend.prepareWeights(weightsOf(product), useOf(product, g));
        expectThat(prepared.product === product, `product is ${prepared.product}, expected ${product}`);
        expectThat(
          prepared.rows === ROWS && prepared.k === K,
          `${product} is [${prepared.rows}, ${prepared.k}]`,
        );
        expectThat(
          `${prepared.geometry?.kernel}` === `${g?.kernel}`,
          `${product} has kernel ${prepared.geometry?.kernel}`,
        );
        // Less than a bit for a weight cannot hold them.
        expectThat(prepared.bytes >= (ROWS * K) / 8, `${product} says it holds ${prepared.bytes} bytes`);
        prepared.dispose();
        prepared.dispose();
      }
    }),
    scenario('holds a copy', (backend, product) => {
      if (!backend.capabilities.ops.has(`gemmInt:${product}` as OpName)) return;
      const { x, layer } = tinyIntProduct(product as IntProduct, randomFor(`copy ${product}`));
      const weights = kernelWeights(layer);
      const prepared = backend.prepareWeights(weights, { activationBits: x.encoding.bits });
      if (weights.kind === 'apb') weights.signs.words.fill(0);
      if (weights.kind === 'twoBit') weights.codes.words.fill(0);
      const a = put(backend, planesOf(x));
      const out = new Int32Array(x.shape[0] * layer.rows);
      backend.gemmInt(a, prepared, out);
      expectIntegers(out, integerProduct(x, layer), `${product} after its source changed`);
      for (const owned of [a, prepared]) owned.dispose();
    }),
    scenario('refuses what is wrong', (backend, product) => {
      for (const [what, weights, g] of wrongWeights(weightsOf(product)))
        expectThrow(() => backend.prepareWeights(weights, useOf(product, g)), `${product}, ${what}`, {
          range: true,
        });
    }),
    scenario('refuses k whose sums exceed 32 bits', (backend, product) => {
      const bits = activationBits(product);
      if (bits === 32) return;
      const weight = weightBits(product) === 2 ? 3 : 1;
      const k = Math.ceil(2 ** 31 / (weight * (2 ** bits - 1)));
      // 1-bit and 2-bit codes would need planes of up to 2^31 bits.
      if (k > 2 ** 26) return;
      expectThrow(() => backend.prepareWeights(zeros(product, k), useOf(product)), `${product}, k ${k}`, {
        range: true,
      });
      // The largest k that fits is taken; preparing it is quick for 8-bit codes only.
      if (bits === 8) backend.prepareWeights(zeros(product, k - 1), useOf(product)).dispose();
    }),
    {
      subject: 'prepareWeights',
      name: 'refuses products that it lacks or that do not exist',
      run: async rig => {
        const backend = await rig.shared();
        for (const product of products.filter(p => !takes(backend, p)))
          expectThrow(
            () => backend.prepareWeights(weightsOf(product), useOf(product)),
            `${product}, not among the capabilities`,
          );
        expectThrow(() => backend.prepareWeights(weightsOf('2/2'), { activationBits: 8 }), 'a product 2/8');
        expectThrow(() => backend.prepareWeights(weightsOf('2/2'), { activationBits: 32 }), 'a product 2/32');
        expectThrow(
          () => backend.prepareWeights(weightsOf('32/32'), { activationBits: 1 }),
          'a product 32/1',
        );
      },
    },
  ];
}

function takes(backend: KernelBackend, product: Product): boolean {
  const { ops } = backend.capabilities;
  return (['gemmInt', 'gemm', 'conv2d'] as const).some(kind => ops.has(`${kind}:${product}` as OpName));
}

function useOf(product: Product, g?: ConvGeometry): WeightUse {
  return { activationBits: activationBits(product), ...(g ? { geometry: g } : {}) };
}

type Wrong = [what: string, weights: KernelWeights, geometry?: ConvGeometry];

function wrongWeights(good: KernelWeights): Wrong[] {
  const wrong: Wrong[] = [
    ['a geometry with another number of output channels', good, { ...geometry, outChannels: ROWS + 2 }],
    ['a geometry with another kernel', good, { ...geometry, kernel: [3, 1] }],
    ['groups that divide nothing', good, { ...geometry, groups: 3 }],
  ];
  if (good.kind === 'float') {
    wrong.push(['a value too few', { ...good, values: good.values.slice(1) }]);
    for (const bad of notFinite)
      wrong.push([`a weight ${bad}`, { ...good, values: good.values.with(7, bad) }]);
    return wrong;
  }
  wrong.push(['no scales', { ...good, scales: new Float32Array(0) }]);
  wrong.push(['a scale too few', { ...good, scales: new Float32Array(ROWS - 1).fill(1) }]);
  for (const bad of [0, -0, -1, ...notFinite])
    wrong.push([`a scale ${bad}`, { ...good, scales: good.scales.with(ROWS - 1, bad) }]);
  if (good.kind === 'twoBit') {
    wrong.push(['a word too few', { ...good, codes: { ...good.codes, words: good.codes.words.slice(1) } }]);
    return wrong;
  }
  wrong.push(['a word too few', { ...good, signs: { ...good.signs, words: good.signs.words.slice(1) } }]);
  return [...wrong, ...wrongPositions(good)];
}

function wrongPositions(good: Apb): Wrong[] {
  const { positions, values } = good;
  const at = (index: number, position: number) => ({ ...good, positions: positions.with(index, position) });
  const last = positions.length - 1;
  const wrong: Wrong[] = [
    ['positions out of order', { ...good, positions: positions.slice().reverse() }],
    ['a position twice', at(1, positions[0])],
    ['a position behind the last weight', at(last, ROWS * K)],
    ['a position of 2^32 - 1', at(last, 2 ** 32 - 1)],
    ['fewer values than positions', { ...good, values: values.slice(1) }],
  ];
  for (const bad of notFinite)
    wrong.push([`a full-precision weight ${bad}`, { ...good, values: values.with(1, bad) }]);
  return wrong;
}

const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** One row of k zero bits: every sign +1, every 2-bit code 0. */
function zeros(product: Product, k: number): KernelWeights {
  const bits = weightBits(product);
  const planes = { bits, rows: 1, k, words: new Uint32Array(bits * Math.ceil(k / 32)) };
  const scales = Float32Array.of(1);
  if (bits === 2) return { kind: 'twoBit', codes: { kind: 'code', ...planes }, scales };
  return {
    kind: 'apb',
    signs: { kind: 'sign', ...planes },
    scales,
    positions: new Uint32Array(0),
    values: new Float32Array(0),
  };
}
