import { type Product, products } from '@apb/core';
import type { Random } from '../random.js';
import { type Problem, problemScenario, type RandomFor, type Scenario } from '../scenario.js';
import { exactFloatInput, exactFloatLayer, exactFloatProblems } from './exactFloats.js';
import { finishes } from './finishes.js';
import { activationBits, inputsFor, layerFor, sparsities, weightBits } from './layers.js';
import { solved } from './product.js';
import { extremeProblems, thresholdProblems, underflowProblems } from './thresholds.js';

const sizes: (readonly [m: number, n: number, k: number])[] = [
  [1, 1, 1],
  [2, 3, 31],
  [3, 2, 32],
  [5, 7, 33],
  [7, 5, 63],
  [8, 8, 64],
  [9, 9, 65],
  [17, 15, 127],
  [15, 17, 128],
  [33, 4, 129],
  [4, 33, 100],
  [65, 2, 257],
  [2, 65, 511],
  [3, 3, 1025],
  // Enough work to be shared out among threads.
  [70, 40, 600],
];

export function gemmScenarios(randomFor: RandomFor): Scenario[] {
  return products.flatMap(product => {
    const scenario = (name: string, problems: (random: Random) => Problem[]) =>
      problemScenario(`gemm:${product}`, name, () => problems(randomFor(`gemm:${product} ${name}`)));
    const common = [
      scenario('ragged sizes', random => raggedSizes(random, product)),
      scenario('every epilogue', random => everyEpilogue(random, product)),
    ];
    if (weightBits(product) === 1)
      common.push(scenario('every sparse part', random => everySparsity(random, product)));
    if (activationBits(product) === 32)
      return [
        ...common,
        scenario('sums that are exact in any order', random =>
          sizes.flatMap(([m, rows, k]) =>
            exactFloatProblems(random, {
              label: `m ${m}, n ${rows}, k ${k}`,
              x: exactFloatInput(random, [m, k]),
              layer: exactFloatLayer(random, weightBits(product) as 1 | 32, { rows, k, sparsity: 'few' }),
            }),
          ),
        ),
      ];
    return [
      ...common,
      scenario('results on thresholds, half-way codes, zeros of both signs', r =>
        thresholdProblems(r, product),
      ),
      scenario('results that underflow', random => underflowProblems(random, product)),
      scenario('all equal and largest, sums beyond 24 bits', random => extremeProblems(random, product)),
    ];
  });
}

function raggedSizes(random: Random, product: Product): Problem[] {
  return sizes
    .flatMap(([m, rows, k], i) =>
      inputsFor(random, product, [m, k]).map((x, j) => {
        const sparsity = sparsities[(i + j) % sparsities.length];
        const layer = layerFor(random, product, { rows, k, perChannel: i % 2 === 1, sparsity });
        const finish = i % 3 === 2 ? 'to 2-bit codes' : 'scaled';
        return solved(random, `m ${m}, n ${rows}, k ${k}, ${sparsity}`, x, layer, [finish]);
      }),
    )
    .flat();
}

function everySparsity(random: Random, product: Product): Problem[] {
  return sparsities.flatMap(sparsity =>
    inputsFor(random, product, [5, 75]).flatMap(x => {
      const layer = layerFor(random, product, { rows: 9, k: 75, perChannel: true, sparsity });
      return solved(random, `sparse part ${sparsity}`, x, layer, ['plain', 'to signs']);
    }),
  );
}

function everyEpilogue(random: Random, product: Product): Problem[] {
  return [false, true].flatMap(perChannel =>
    inputsFor(random, product, [6, 70]).flatMap(x => {
      // Eleven channels: negative, positive, +0 and -0 scales, and planes with a tail.
      const layer = layerFor(random, product, { rows: 11, k: 70, perChannel, sparsity: 'few' });
      return solved(random, perChannel ? 'scales per channel' : 'one scale', x, layer, finishes);
    }),
  );
}
