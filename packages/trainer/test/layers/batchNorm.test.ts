import * as tf from '@tensorflow/tfjs-core';
import { sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { BatchNorm } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';

// Two channels: 1, 3, 5, 7 (mean 4, variance 5) and 0, 0, 4, 4 (mean 2, variance 4).
const x = [1, 0, 3, 0, 5, 4, 7, 4];

await onEachEngine(() => {
  describe('BatchNorm', () => {
    it('normalises by the batch in training and follows it with its running statistics', () => {
      const layer = new BatchNorm({ momentum: 0.75, epsilon: 0, inputShape: [2] });
      const m = sequential({ layers: [layer] });
      const y = tf.tidy(() => (m.apply(tf.tensor2d(x, [4, 2]), { training: true }) as tf.Tensor).dataSync());
      const expected = [-3, -1, 1, 3].flatMap((v, i) => [v / Math.sqrt(5), i < 2 ? -1 : 1]);
      for (const [i, v] of y.entries()) expect(v).toBeCloseTo(expected[i], 5);
      const [mean, variance] = layer
        .getWeights()
        .slice(2)
        .map(t => [...t.dataSync()]);
      expect(mean).toEqual([1, 0.5]);
      expect(variance).toEqual([0.75 + 0.25 * 5, 0.75 + 0.25 * 4]);
    });

    it('is one scale and shift per channel at inference', () => {
      const layer = new BatchNorm({ epsilon: 0.25, inputShape: [2] });
      const m = sequential({ layers: [layer] });
      const vectors = [
        [2, -1],
        [10, 20],
        [4, 2],
        [2, 3.75],
      ];
      layer.setWeights(vectors.map(v => tf.tensor1d(v)));
      const y = [...(m.predict(tf.tensor2d(x, [4, 2])) as tf.Tensor).dataSync()];
      // In float32, as documented: scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale.
      const f = Math.fround;
      const scale = [f(2 / f(Math.sqrt(2.25))), f(-1 / 2)];
      const shift = [f(10 - f(4 * scale[0])), f(20 - f(2 * scale[1]))];
      expect(y).toEqual(x.map((v, i) => f(f(v * scale[i % 2]) + shift[i % 2])));
    });
  });
});
