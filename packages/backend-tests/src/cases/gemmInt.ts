import { type Encoding, type IntProduct, intProducts, type KernelBackend } from '@apb/core';
import { expectIntegers, expectSame } from '../compare.js';
import type { Codes } from '../oracle/codes.js';
import { type IntLayer, kernelWeights } from '../oracle/layer.js';
import { integerProduct } from '../oracle/product.js';
import type { Random } from '../random.js';
import { labelled, once, type RandomFor, type Scenario, shifted } from '../scenario.js';
import { planesOf, put, take } from '../values.js';
import { describeEncoding, encodingsOf, type Fill, randomCodes, randomLayer, weightBits } from './layers.js';

type Size = readonly [m: number, n: number, k: number];

/** Around words of 8 to 128 bits and register tiles. */
const around = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129];
/** Around wide vectors and cache blocks. */
const edges = [255, 256, 257, 511, 512, 513];

const ragged: Size[] = [
  ...around.map((v): Size => [3, 5, v]),
  ...around.map((v): Size => [v, 2, 33]),
  ...around.map((v): Size => [2, v, 65]),
  ...around.filter(v => v <= 33).map((v): Size => [v, v, v]),
  [129, 65, 31],
  [31, 129, 100],
];
const blocks: Size[] = [
  ...[...edges, 1023, 1024, 1025, 4095, 4097].map((v): Size => [2, 3, v]),
  ...edges.map((v): Size => [v, 3, 40]),
  ...edges.map((v): Size => [3, v, 40]),
  [7, 70, 1030],
  [70, 9, 600],
];

/** Integers no product gives, laid around the output. */
const GUARD = 0x7ead_beef;

interface IntProblem {
  readonly label: string;
  readonly x: Codes;
  readonly layer: IntLayer;
  readonly expected: Int32Array;
}

export function gemmIntScenarios(randomFor: RandomFor): Scenario[] {
  return intProducts.flatMap(product => [
    scenario(product, 'ragged sizes around words and tiles', randomFor, ragged),
    scenario(product, 'sizes around block edges', randomFor, blocks),
    // 70,001 equal terms overflow sums of 16 bits, and counts of a byte or a 16-bit lane.
    scenario(
      product,
      'all equal and largest, k beyond 16-bit sums',
      randomFor,
      [
        [2, 2, 70_001],
        [5, 4, 513],
      ],
      ['most', 'least'],
    ),
  ]);
}

function scenario(
  product: IntProduct,
  name: string,
  randomFor: RandomFor,
  sizes: readonly Size[],
  fills: readonly Fill[] = ['random'],
): Scenario {
  const subject = `gemmInt:${product}` as const;
  const problems = once(() => {
    const random = randomFor(`${subject} ${name}`);
    return encodingsOf(product, random).flatMap(encoding =>
      sizes.flatMap(size => fills.map(fill => intProblem(random, product, encoding, size, fill))),
    );
  });
  const run = (backend: KernelBackend) => {
    for (const problem of problems())
      try {
        solve(backend, problem);
      } catch (error) {
        throw labelled(problem.label, error);
      }
    // Exact integers: every thread count has been compared with the same expected ones.
    return [];
  };
  return { subject, name, run: rig => rig.compareThreads(run) };
}

function intProblem(
  random: Random,
  product: IntProduct,
  encoding: Encoding,
  [m, rows, k]: Size,
  fill: Fill,
): IntProblem {
  const x = randomCodes(random, [m, k], encoding, fill === 'random' ? 'random' : 'most');
  // The sparse part has no say in the integer product.
  const layer = randomLayer(random, weightBits(product) as 1 | 2, { rows, k, fill, sparsity: 'few' });
  const label = `m ${m}, n ${rows}, k ${k}, ${fill}, ${describeEncoding(encoding)}`;
  return { label, x, layer, expected: integerProduct(x, layer) };
}

/** Twice into one output between guards, which holds junk, then the first result. */
function solve(backend: KernelBackend, { x, layer, expected }: IntProblem): void {
  const input = planesOf(x);
  const a = put(backend, input);
  const weights = backend.prepareWeights(shifted(kernelWeights(layer)), { activationBits: x.encoding.bits });
  const whole = new Int32Array(expected.length + 8).fill(GUARD);
  const out = whole.subarray(3, 3 + expected.length);
  for (const time of ['first', 'second']) {
    backend.gemmInt(a, weights, out);
    expectIntegers(out, expected, `${time} product`);
  }
  const outside = [...whole.subarray(0, 3), ...whole.subarray(3 + expected.length)];
  expectIntegers(outside, new Array(8).fill(GUARD), 'the memory around the output');
  expectSame(take(backend, a), input, 'the input after the product');
  a.dispose();
  weights.dispose();
}

/** The smallest product of this kind, for checks of lifetimes. */
export function tinyIntProduct(product: IntProduct, random: Random): { x: Codes; layer: IntLayer } {
  const [encoding] = encodingsOf(product, random);
  const x = randomCodes(random, [2, 5], encoding);
  const layer = randomLayer(random, weightBits(product) as 1 | 2, { rows: 3, k: 5 });
  return { x, layer };
}
