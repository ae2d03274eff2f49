import type { Pads, Pair, PoolGeometry, Shape } from '@apb/core';
import { averagePool, globalAveragePool, maxPool, poolShape } from '../oracle/pool.js';
import type { Random } from '../random.js';
import { problemScenario, type RandomFor, type Scenario } from '../scenario.js';
import { floats } from '../values.js';
import { exactly } from './quantize.js';

type Layout = readonly [
  shape: readonly [number, number, number, number],
  window: Pair,
  strides: Pair,
  pads: Pads,
];

const none: Pads = [0, 0, 0, 0];
const layouts: Layout[] = [
  [[1, 1, 1, 1], [1, 1], [1, 1], none],
  [[2, 4, 6, 5], [2, 2], [2, 2], none],
  [
    [1, 7, 5, 33],
    [3, 3],
    [2, 2],
    [1, 1, 1, 1],
  ],
  [
    [1, 6, 8, 16],
    [3, 3],
    [2, 2],
    [0, 0, 1, 1],
  ],
  [
    [3, 5, 4, 7],
    [3, 2],
    [1, 3],
    [2, 0, 1, 1],
  ],
  [
    [1, 6, 5, 3],
    [4, 3],
    [3, 1],
    [3, 2, 0, 1],
  ],
  [[1, 5, 3, 64], [5, 3], [1, 1], none],
  [[1, 7, 9, 4], [1, 2], [3, 4], none],
];

export function poolScenarios(randomFor: RandomFor): Scenario[] {
  const pools = layouts.map(([shape, window, strides, pads]) => {
    const geometry: PoolGeometry = { window, strides, pads };
    return { shape, geometry, label: `[${shape}], window ${window}, strides ${strides}, pads ${pads}` };
  });
  return [
    problemScenario('maxPool', 'windows, strides, four pads, negative numbers, zeros of both signs', () => {
      const random = randomFor('maxPool');
      return pools.flatMap(({ shape, geometry, label }) =>
        (['normal', 'negative', 'zeros'] as const).map(fill => {
          const data = filled(random, shape, fill);
          const expected = floats(poolShape(shape, geometry), maxPool(data, shape, geometry));
          return exactly(
            { label: `${label}, ${fill}`, op: { op: 'maxPool', geometry }, inputs: [floats(shape, data)] },
            expected,
          );
        }),
      );
    }),
    problemScenario('avgPool', 'windows, strides, four pads, padding counted and not', () => {
      const random = randomFor('avgPool');
      return pools.flatMap(({ shape, geometry, label }) =>
        [false, true].map(countPadding => {
          const data = filled(random, shape, 'normal');
          const expected = floats(
            poolShape(shape, geometry),
            averagePool(data, shape, geometry, countPadding),
          );
          return exactly(
            {
              label: `${label}, padding ${countPadding ? '' : 'not '}counted`,
              op: { op: 'avgPool', geometry, countPadding },
              inputs: [floats(shape, data)],
            },
            expected,
          );
        }),
      );
    }),
    problemScenario('globalAvgPool', 'odd and even pictures, several channels', () => {
      const random = randomFor('globalAvgPool');
      const shapes: Shape[] = [
        [1, 1, 1, 1],
        [2, 3, 5, 7],
        [1, 8, 8, 64],
        [3, 7, 1, 33],
        [1, 17, 19, 3],
      ];
      return shapes.map(shape => {
        const data = filled(random, shape, 'normal');
        const expected = floats([shape[0], shape[3]], globalAveragePool(data, shape));
        return exactly(
          { label: `[${shape}]`, op: { op: 'globalAvgPool' }, inputs: [floats(shape, data)] },
          expected,
        );
      });
    }),
  ];
}

function filled(random: Random, shape: Shape, fill: 'normal' | 'negative' | 'zeros'): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  if (fill === 'normal') return random.normals(size);
  if (fill === 'negative') return random.normals(size).map(x => -Math.abs(x) - 1);
  return Float32Array.from({ length: size }, () => (random.below(2) ? 0 : -0));
}
