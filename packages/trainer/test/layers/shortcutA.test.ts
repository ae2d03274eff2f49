import * as tf from '@tensorflow/tfjs-core';
import { sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { ShortcutA } from '../../src/index.js';
import { onEachEngine } from '../ops/engines.js';

await onEachEngine(() => {
  describe('ShortcutA', () => {
    it.each([
      [4, 4, 2, 2, 5],
      [5, 7, 2, 3, 4],
      [7, 5, 3, 1, 1],
      [3, 3, 1, 2, 4],
    ])(
      'keeps every s-th pixel and adds zero channels, and its gradient is the transpose (%i x %i, stride %i, %i to %i channels)',
      (h, w, s, c, filters) => {
        const m = sequential({ layers: [new ShortcutA({ filters, strides: s, inputShape: [h, w, c] })] });
        const [rows, columns] = [Math.ceil(h / s), Math.ceil(w / s)];
        expect(m.outputShape).toEqual([null, rows, columns, filters]);
        const size = 2 * h * w * c;
        const x = Float32Array.from({ length: size }, (_, i) => i + 1);
        const before = (filters - c) >> 1;
        const expected = new Float32Array(2 * rows * columns * filters);
        const dx = new Float32Array(size);
        for (let n = 0; n < 2; n++)
          for (let i = 0; i < rows; i++)
            for (let j = 0; j < columns; j++)
              for (let k = 0; k < c; k++) {
                const from = ((n * h + i * s) * w + j * s) * c + k;
                const to = ((n * rows + i) * columns + j) * filters + before + k;
                expected[to] = x[from];
                dx[from] = to;
              }
        tf.tidy(() => {
          const input = tf.tensor4d(x, [2, h, w, c]);
          expect((m.predict(input) as tf.Tensor).dataSync()).toEqual(expected);
          const dy = tf.tensor(
            Float32Array.from(expected, (_, i) => i),
            [2, rows, columns, filters],
          );
          expect(
            tf
              .grad(t => m.apply(t) as tf.Tensor)(input, dy)
              .dataSync(),
          ).toEqual(dx);
        });
      },
    );
  });
});

describe('ShortcutA', () => {
  it('refuses to drop channels', () => {
    expect(() =>
      sequential({ layers: [new ShortcutA({ name: 's', filters: 2, strides: 2, inputShape: [4, 4, 3] })] }),
    ).toThrow("layer s: 2 filters are fewer than the input's 3 channels");
  });
});
