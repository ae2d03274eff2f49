import { describe, expect, test } from 'vitest';
import { type Model, memoryOf, paperBits, releasedCodeBits, writeModel } from '../src/index.js';
import { everyEncoding, float, prunedCodes, tiny } from './models.js';

describe('the formulas, by hand', () => {
  test('paper: n + s * (32 + ceil(log2 n)), 32 for every further scale', () => {
    expect(paperBits(1, 0)).toBe(1);
    expect(paperBits(1, 1)).toBe(1 + 32);
    expect(paperBits(1024, 3)).toBe(1024 + 3 * 42);
    expect(paperBits(1025, 3)).toBe(1025 + 3 * 43);
    expect(paperBits(1024, 3, 16)).toBe(1024 + 3 * 42 + 15 * 32);
    // ResNet-20's largest layer, 64 * 64 * 9 weights, 1 % in full precision.
    expect(paperBits(36864, 369)).toBe(36864 + 369 * 48);
    expect(paperBits(2 ** 31 - 1, 1)).toBe(2 ** 31 - 1 + 63);
  });

  test('released code: n - s + s * (32 + floor(log2 max) + 1)', () => {
    expect(releasedCodeBits(1, 1, 1)).toBe(33);
    expect(releasedCodeBits(100, 3, 1023)).toBe(97 + 3 * 42);
    expect(releasedCodeBits(100, 3, 1024)).toBe(97 + 3 * 43);
    expect(releasedCodeBits(100, 3, 1024, 2)).toBe(97 + 3 * 43 + 32);
  });
});

test('a two-layer model, every number by hand', async () => {
  const model = tiny();
  const file = await writeModel(model);
  // w: 6 weights, 2 in full precision (2 and -3); b: 2 numbers.
  const bits = { paper: 6 + 2 * (32 + 3), releasedCode: 4 + 2 * (32 + 3) };
  // signs 1 byte, scale 4, values 2 * 2 as float16, positions 1 for the parameter and 1 for the codes of 1 and 3.
  const layerFile = 8 * (1 + 4 + 4 + 2);
  expect(memoryOf(model, file.length)).toEqual({
    layers: [
      {
        name: 'd',
        parameter: 'w',
        encoding: 'apb',
        shape: [2, 3],
        weights: 6,
        fullPrecision: 2,
        fullPrecisionShare: 1 / 3,
        bits: { ...bits, file: layerFile },
        bitsPerWeight: 76 / 6,
      },
    ],
    totals: {
      compressed: { weights: 6, ...bits, file: layerFile, bitsPerWeight: 76 / 6 },
      model: {
        weights: 8,
        paper: bits.paper + 64,
        releasedCode: bits.releasedCode + 64,
        file: 8 * file.length,
        bitsPerWeight: (76 + 64) / 8,
      },
    },
  });
});

test('pruned codes count their bits and an index each, and further scales', () => {
  const { layers } = memoryOf(prunedCodes());
  // 12 weights take 4 bits for an index, 6 take 3, 2 take 1; by the released code all take those of 12.
  expect(layers.map(l => [l.bits.paper, l.bits.releasedCode, l.fullPrecision])).toEqual([
    [4 * (3 + 4), 4 * (3 + 4), 0],
    [3 * (2 + 3) + 32, 3 * (2 + 4) + 32, 0],
    [0, 0, 0],
  ]);
});

test('every encoding', async () => {
  const model = everyEncoding();
  const { layers, totals } = memoryOf(model);
  const count = (parameter: string) => {
    const w = model.weights[parameter];
    return w.encoding === 'apb' ? w.weights.values.length : -1;
  };
  const [s1, s2] = [count('conv1/kernel'), count('conv2/kernel')];
  // The largest tensors have 108 weights: 7 bits for an index in both formulas.
  const expected: [string, string, number, number, number, number][] = [
    ['conv1', 'apb', 108, s1, 108 + s1 * 39, 108 - s1 + s1 * 39],
    ['conv2', 'apb', 108, s2, 108 + s2 * 39, 108 - s2 + s2 * 39],
    ['conv3', 'apb', 72, 0, 72 + 3 * 32, 72 + 3 * 32],
    ['a', 'binary', 16, 0, 16 + 3 * 32, 16 + 3 * 32],
    ['b', 'ternary', 16, 0, 32, 32],
    ['c', 'kbit', 16, 0, 48, 48],
    ['d', 'sparse', 96, 4, 4 * 39, 4 * 39],
    ['e', 'float', 30, 30, 30 * 32, 30 * 32],
  ];
  expect(
    layers.map(l => [l.name, l.encoding, l.weights, l.fullPrecision, l.bits.paper, l.bits.releasedCode]),
  ).toEqual(expected);
  expect(s1).toBeGreaterThan(0);

  const bytes = Object.fromEntries(layers.map(l => [l.name, l.bits.file / 8]));
  // Streams and scales: bytes = ceil(bits / 8) + 4 a scale.
  expect(bytes).toMatchObject({ conv3: 9 + 16, a: 2 + 16, b: 2 + 2 + 4, c: 6 + 4, e: 120 });

  const compressed = expected.filter(row => row[1] !== 'float');
  const sum = (column: number) => compressed.reduce((t, row) => t + (row[column] as number), 0);
  expect(totals.compressed).toEqual({
    weights: sum(2),
    paper: sum(4),
    releasedCode: sum(5),
    file: layers.filter(l => l.encoding !== 'float').reduce((t, l) => t + l.bits.file, 0),
    bitsPerWeight: sum(4) / sum(2),
  });
  // Outside the compressed layers: e's 30 weights and 5 biases, 4 norm vectors and the slopes.
  const others = 30 + 5 + 5 * 4;
  expect(totals.model).toMatchObject({
    weights: sum(2) + others,
    paper: sum(4) + 32 * others,
    releasedCode: sum(5) + 32 * others,
  });
});

test('the file of the model total is the length of the file', async () => {
  for (const model of [tiny(), everyEncoding()]) {
    const { length } = await writeModel(model);
    expect(memoryOf(model).totals.model.file).toBe(8 * length);
    expect(memoryOf(model, length + 3).totals.model.file).toBe(8 * (length + 3));
  }
});

test('a model that compresses nothing has 32 bits per weight, and JSON holds the result', () => {
  const model: Model = { ...tiny(), weights: { w: float(2, 3), b: float(2) } };
  const memory = memoryOf(model);
  expect(memory.totals.compressed).toEqual({
    weights: 0,
    paper: 0,
    releasedCode: 0,
    file: 0,
    bitsPerWeight: 32,
  });
  expect(memory.totals.model).toMatchObject({ weights: 8, paper: 256, releasedCode: 256, bitsPerWeight: 32 });
  expect(JSON.parse(JSON.stringify(memory))).toEqual(memory);
});

test('weights that two nodes share count once', () => {
  const model = tiny();
  const twice = { name: 'again', op: 'dense', inputs: ['q'], weights: 'w' } as const;
  const graph = { ...model.graph, nodes: [...model.graph.nodes, twice] };
  expect(memoryOf({ ...model, graph }, 1000)).toEqual(memoryOf(model, 1000));
});
