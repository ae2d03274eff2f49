import { describe, expect, it } from 'vitest';
import { type EpochMetrics, imagesPerSecond, warnings } from '../../src/train/metrics.js';

describe('imagesPerSecond', () => {
  it('is batch size over the median step, the first five left out', () => {
    expect(imagesPerSecond(64, [9, 9, 9, 9, 9, 1, 4, 2])).toBe(32);
    expect(imagesPerSecond(64, [9, 9, 9, 9, 9, 1, 3])).toBe(32);
    expect(imagesPerSecond(64, [9, 9, 9, 9, 9, 2])).toBe(32);
  });

  it('takes all steps where there are fewer than six', () => {
    expect(imagesPerSecond(64, [2])).toBe(32);
    expect(imagesPerSecond(64, [1, 9, 2, 4, 1])).toBe(32);
  });
});

describe('warnings', () => {
  const layer = { layer: 'conv2', alpha: 0.1, delta: 0.2 };
  const metrics = (below: number, above: number, largestShare: number) =>
    ({
      layers: [{ ...layer, below, above }],
      inputs: [{ layer: 'q1', largestShare }],
    }) as unknown as EpochMetrics;

  it('are silent within the limits', () => {
    expect(warnings(metrics(0.1, 0.1, 0.99))).toEqual([]);
    expect(warnings(metrics(0, 0, 0.5))).toEqual([]);
  });

  it('name a layer that is no longer mostly binary, and a dead input', () => {
    expect(warnings(metrics(0.15, 0.06, 0.999))).toEqual([
      'layer conv2 keeps 21.0 % of its weights in full precision (0 to 20.0 % is usual); lower quantizerLearningRate or start delta wider',
      '99.9 % of the values that q1 quantizes are equal: the layer behind it learns nothing',
    ]);
  });
});
