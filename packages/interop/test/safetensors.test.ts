import { decompose, denseValues, type Model } from '@apb/core';
import { expect, it } from 'vitest';
import { toFloatSafetensors } from '../src/index.js';

const model: Model = {
  graph: {
    inputShape: [3],
    nodes: [{ op: 'dense', name: 'scores', inputs: ['input'], weights: 'scores/kernel' }],
    output: 'scores',
  },
  weights: {
    'scores/kernel': {
      encoding: 'apb',
      shape: [2, 3],
      weights: decompose(Float32Array.of(0.5, -0.4, 3, -0.6, 0.5, -7), 2, 3, Float32Array.of(0.5), 0.25),
      valueType: 'float32',
    },
  },
  input: { shape: [3], mean: [0, 0, 0], std: [1, 1, 1], resize: { rule: 'exact' } },
  classes: ['a', 'b'],
  provenance: {},
};

it('writes recomposed float32 weights that any safetensors reader finds', () => {
  const file = toFloatSafetensors(model);
  const view = new DataView(file.buffer);
  const headerBytes = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes)));
  expect(header['scores/kernel']).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
  const values = Array.from({ length: 6 }, (_, i) => view.getFloat32(8 + headerBytes + 4 * i, true));
  expect(values).toEqual([0.5, -0.5, 3, -0.5, 0.5, -7]);
  expect(values).toEqual([...denseValues(model.weights['scores/kernel'])]);
  expect(file.length).toBe(8 + headerBytes + 24);
});
