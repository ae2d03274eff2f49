import { describe, expect, test } from 'vitest';
import {
  type Graph,
  InputError,
  inferShapes,
  type Model,
  type Node,
  type Shape,
  subgraph,
  validateModel,
  weightShapes,
} from '../src/index.js';
import { everyEncoding } from './models.js';

const conv = {
  op: 'conv2d',
  weights: 'w',
  strides: [1, 1],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
  groups: 1,
} as const;

/** Shape of the last of a chain of nodes; each node's input is the one before it. */
function shapeAfter(inputShape: Shape, weights: Record<string, Shape>, ...nodes: object[]): Shape {
  const chain = nodes.map(
    (node, i) => ({ name: `n${i}`, inputs: [i ? `n${i - 1}` : 'input'], ...node }) as unknown as Node,
  );
  const output = chain[chain.length - 1].name;
  const shapes = inferShapes({ inputShape, nodes: chain, output }, new Map(Object.entries(weights)));
  return shapes.get(output) as Shape;
}

describe('inferShapes', () => {
  test('every kind of node', () => {
    const pool = { window: [3, 2], strides: [2, 1], pads: [1, 0, 0, 1] };
    const cases: [Shape, Shape, object, Record<string, Shape>?][] = [
      [[8, 9, 4], [8, 9, 5], { ...conv, pads: [1, 1, 1, 1] }, { w: [5, 3, 3, 4] }],
      [[8, 9, 4], [3, 3, 6], { ...conv, strides: [2, 3], dilations: [1, 2], groups: 2 }, { w: [6, 3, 2, 2] }],
      [
        [32, 32, 3],
        [16, 16, 8],
        { ...conv, strides: [2, 2], pads: [0, 0, 1, 1], bias: 'b' },
        { w: [8, 3, 3, 3], b: [8] },
      ],
      [[4, 4, 4], [4, 4, 4], { ...conv, groups: 4 }, { w: [4, 1, 1, 1] }],
      [[6], [5], { op: 'dense', weights: 'w', bias: 'b' }, { w: [5, 6], b: [5] }],
      [[7, 6, 3], [3, 6, 3], { op: 'maxPool', ...pool }],
      [[7, 6, 3], [3, 6, 3], { op: 'avgPool', ...pool, countPadding: true }],
      [[7, 6, 3], [3], { op: 'globalAvgPool' }],
      [[7, 6, 3], [4, 2, 3], { op: 'subsample', strides: [2, 3] }],
      [[7, 6, 3], [7, 6, 8], { op: 'padChannels', before: 2, after: 3 }],
      [[7, 6, 3], [126], { op: 'flatten' }],
      [[3], [3], { op: 'softmax' }],
      [
        [7, 6, 3],
        [7, 6, 3],
        { op: 'batchNorm', gamma: 'g', beta: 'g', mean: 'g', variance: 'g', epsilon: 1 },
        { g: [3] },
      ],
      [[7, 6, 3], [7, 6, 3], { op: 'prelu', slopes: 'g' }, { g: [3] }],
      [[7, 6, 3], [7, 6, 3], { op: 'relu' }],
      [[7, 6, 3], [7, 6, 3], { op: 'add', inputs: ['input', 'input'] }],
    ];
    for (const [input, output, node, weights] of cases)
      expect(shapeAfter(input, weights ?? {}, node)).toEqual(output);
  });

  test('a small convolutional network, value by value', () => {
    const { graph, weights } = everyEncoding();
    expect(Object.fromEntries(inferShapes(graph, weightShapes(weights)))).toEqual({
      input: [4, 4, 3],
      conv1: [4, 4, 4],
      conv2: [4, 4, 4],
      sum: [4, 4, 4],
      norm: [4, 4, 4],
      sign: [4, 4, 4],
      conv3: [2, 4, 4],
      prelu: [2, 4, 4],
      a: [2, 4, 4],
      relu: [2, 4, 4],
      code: [2, 4, 4],
      b: [2, 4, 4],
      clamp: [2, 4, 4],
      c: [2, 4, 4],
      max: [2, 4, 4],
      avg: [2, 4, 4],
      'every second': [1, 2, 4],
      wider: [1, 2, 8],
      'mean "of" pixels': [8],
      tall: [2, 2, 4],
      flat: [16],
      d: [6],
      e: [5],
      soft: [5],
    });
  });

  test('refuses what does not fit, naming the node', () => {
    const w = { w: [5, 3, 3, 4] };
    const cases: [Shape, object, Record<string, Shape>, string][] = [
      [[8, 8, 4], conv, {}, 'no parameter "w"'],
      [[8, 8, 4], conv, { w: [5, 9, 4] }, 'outChannels'],
      [[8, 8, 3], conv, w, 'the input has 3'],
      [[8, 8, 4], { ...conv, groups: 3 }, w, '3 groups do not divide 4'],
      [[8, 8, 4], { ...conv, groups: 2 }, w, '2 groups do not divide'],
      [[8, 8, 4], { ...conv, groups: 0 }, w, 'groups [0]'],
      [[2, 8, 4], conv, w, 'does not fit 2 pixels'],
      [[8, 4, 4], { ...conv, dilations: [1, 2] }, w, 'does not fit 4 pixels'],
      [[8, 8, 4], { ...conv, strides: [0, 1] }, w, 'strides'],
      [[8, 8, 4], { ...conv, dilations: [1, 1.5] }, w, 'dilations'],
      [[8, 8, 4], { ...conv, pads: [0, -1, 0, 0] }, w, 'pads'],
      [[8, 8, 4], { ...conv, pads: [2 ** 30, 2 ** 30, 0, 0] }, w, 'elements'],
      [[8, 8, 4], { ...conv, bias: 'b' }, { ...w, b: [4] }, 'each of 5 channels'],
      [[256], conv, w, 'height, width, channels'],
      [[8, 8, 4], { op: 'dense', weights: 'w' }, { w: [5, 256] }, 'flatten it first'],
      [[255], { op: 'dense', weights: 'w' }, { w: [5, 256] }, 'take [256]'],
      [[4], { op: 'dense', weights: 'w' }, w, '[outputs, inputs]'],
      [[8, 8, 4], { op: 'prelu', slopes: 's' }, { s: [8] }, 'each of 4 channels'],
      [[8, 8, 4], { op: 'prelu', slopes: 's' }, { s: [1, 4] }, 'each of 4 channels'],
      [
        [8, 8, 4],
        { op: 'maxPool', window: [2, 2], strides: [1, 1], pads: [0, 0, 0, 2] },
        {},
        'smaller than the window',
      ],
      [[8, 8, 4], { op: 'maxPool', window: [2, 0], strides: [1, 1], pads: [0, 0, 0, 0] }, {}, 'window'],
      [[8], { op: 'globalAvgPool' }, {}, 'height, width, channels'],
      [[8, 8, 4], { op: 'subsample', strides: [1, 0] }, {}, 'strides'],
      [[8, 8, 4], { op: 'padChannels', before: 2 ** 28, after: 0 }, {}, 'elements'],
      [[8, 8, 4], { op: 'padChannels', before: -1, after: 2 }, {}, '-1'],
      [[8], { op: 'add' }, {}, 'takes 2 inputs, got 1'],
      [[8], { op: 'relu', inputs: ['input', 'input'] }, {}, 'takes 1 input, got 2'],
      [[8], { op: 'relu', inputs: [] }, {}, 'got 0'],
      [[8], { op: 'relu', inputs: ['n0'] }, {}, '"n0" is no earlier node'],
      [[8], { op: 'relu', inputs: ['toString'] }, {}, 'no earlier node'],
    ];
    for (const [input, node, weights, message] of cases) {
      const call = () => shapeAfter(input, weights, node);
      expect(call, message).toThrow(InputError);
      expect(call).toThrow(message);
      expect(call).toThrow('node "n0"');
    }
  });

  test('refuses names used twice, inputs that differ, and a missing output', () => {
    const relu = { op: 'relu' } as const;
    expect(() => shapeAfter([2], {}, relu, { ...relu, name: 'n0' })).toThrow('same name');
    expect(() => shapeAfter([2], {}, { ...relu, name: 'input' })).toThrow('same name');
    expect(() =>
      shapeAfter([2, 1, 1], {}, { op: 'flatten' }, { op: 'add', inputs: ['input', 'n0'] }),
    ).toThrow('[2, 1, 1]'.replaceAll(' ', ''));
    const graph: Graph = { inputShape: [2], nodes: [{ name: 'a', inputs: ['input'], ...relu }], output: 'b' };
    expect(() => inferShapes(graph, new Map())).toThrow('output "b"');
    expect(() => inferShapes({ ...graph, output: 'input' }, new Map())).toThrow('output "input"');
    for (const inputShape of [[], [0], [-1], [1.5], [2 ** 29]])
      expect(() => inferShapes({ ...graph, inputShape, output: 'a' }, new Map())).toThrow('input');
  });
});

describe('subgraph', () => {
  const model = everyEncoding();
  const names = (m: Model) => m.graph.nodes.map(node => node.name);

  test('one layer on its own, its input injected', () => {
    const layer = subgraph(model, 'sign', 'conv3');
    expect(layer.graph.inputShape).toEqual([4, 4, 4]);
    expect(layer.graph.nodes).toEqual([
      { ...model.graph.nodes.find(n => n.name === 'conv3'), inputs: ['input'] },
    ]);
    expect(layer.graph.output).toBe('conv3');
    expect(Object.keys(layer.weights)).toEqual(['conv3/kernel']);
    expect(layer.weights['conv3/kernel']).toBe(model.weights['conv3/kernel']);
    expect(layer.classes).toEqual([]);
    expect(layer.input).toEqual({
      shape: [4, 4, 4],
      mean: [0, 0, 0, 0],
      std: [1, 1, 1, 1],
      resize: { rule: 'exact' },
    });
  });

  test('leaves side branches out and keeps the class names of the model’s output', () => {
    const end = subgraph(model, 'c', 'soft');
    expect(names(end)).toEqual(['tall', 'flat', 'd', 'e', 'soft']);
    expect(Object.keys(end.weights).sort()).toEqual(['d/kernel', 'e/bias', 'e/kernel']);
    expect(end.classes).toEqual(model.classes);
  });

  test('both branches of an addition', () => {
    expect(names(subgraph(model, 'input', 'sum'))).toEqual(['conv1', 'conv2', 'sum']);
    const twice: Model = {
      ...model,
      graph: {
        ...model.graph,
        nodes: [
          { name: 'r', op: 'relu', inputs: ['input'] },
          { name: 's', op: 'add', inputs: ['r', 'r'] },
        ],
      },
    };
    const graph = { ...twice.graph, output: 's' };
    expect(subgraph({ ...twice, graph }, 'r', 's').graph.nodes).toEqual([
      { name: 's', op: 'add', inputs: ['input', 'input'] },
    ]);
  });

  test('any pair of values gives a valid model or says why not', () => {
    const values = ['input', ...names(model)];
    let valid = 0;
    for (const from of values)
      for (const to of values) {
        let part: Model;
        try {
          part = subgraph(model, from, to);
        } catch (e) {
          expect(e).toBeInstanceOf(InputError);
          continue;
        }
        valid++;
        validateModel(part);
      }
    // From the input to all 23 nodes; from each later value to those that need nothing else.
    expect(valid).toBeGreaterThan(100);
  });

  test('refuses unknown names, the wrong order, and values from elsewhere', () => {
    expect(() => subgraph(model, 'nowhere', 'soft')).toThrow('"nowhere"');
    expect(() => subgraph(model, 'input', 'nowhere')).toThrow('"nowhere"');
    expect(() => subgraph(model, 'sum', 'sum')).toThrow('not computed from');
    expect(() => subgraph(model, 'soft', 'conv1')).toThrow('not computed from');
    expect(() => subgraph(model, 'flat', 'wider')).toThrow('not computed from');
    expect(() => subgraph(model, 'conv1', 'sum')).toThrow('also needs values');
  });
});
