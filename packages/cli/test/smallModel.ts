import { decompose, type Model } from '@apb/core';

/** Deterministic numbers in [-1, 1). */
function numbers(count: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** An untrained network on 28x28 grey pictures: float convolution, pool, compressed dense layer, float dense. */
export function smallModel(): Model {
  return {
    graph: {
      inputShape: [28, 28, 1],
      nodes: [
        {
          op: 'conv2d',
          name: 'conv',
          inputs: ['input'],
          weights: 'conv/kernel',
          bias: 'conv/bias',
          strides: [2, 2],
          dilations: [1, 1],
          pads: [1, 1, 1, 1],
          groups: 1,
        },
        { op: 'relu', name: 'relu', inputs: ['conv'] },
        {
          op: 'maxPool',
          name: 'pool',
          inputs: ['relu'],
          window: [2, 2],
          strides: [2, 2],
          pads: [0, 0, 0, 0],
        },
        { op: 'flatten', name: 'flat', inputs: ['pool'] },
        { op: 'dense', name: 'hidden', inputs: ['flat'], weights: 'hidden/kernel' },
        { op: 'dense', name: 'scores', inputs: ['hidden'], weights: 'scores/kernel' },
      ],
      output: 'scores',
    },
    weights: {
      'conv/kernel': { encoding: 'float', shape: [4, 3, 3, 1], values: numbers(36) },
      'conv/bias': { encoding: 'float', shape: [4], values: numbers(4, 2) },
      'hidden/kernel': {
        encoding: 'apb',
        shape: [32, 196],
        weights: decompose(numbers(32 * 196, 3), 32, 196, Float32Array.of(0.5), 0.499),
        valueType: 'float32',
      },
      'scores/kernel': { encoding: 'float', shape: [10, 32], values: numbers(320, 4) },
    },
    input: { shape: [28, 28, 1], mean: [0.1307], std: [0.3081], resize: { rule: 'exact' } },
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    provenance: { note: 'made by a test' },
  };
}
