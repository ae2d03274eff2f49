import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { unpackContainer } from '../src/format/container.js';
import { decodePositions, encodePositions } from '../src/format/positions.js';
import {
  denseValues,
  type InputError,
  type Model,
  packSigns,
  readModel,
  type WeightData,
  writeModel,
} from '../src/index.js';
import { everyEncoding, float, prunedCodes, random, randomFloats, tiny } from './models.js';

const goldenOf = (version: number) =>
  readFileSync(new URL(`golden/v${version}.safetensors`, import.meta.url));

describe('round trip', () => {
  test.each([
    ['every encoding', everyEncoding()],
    ['tiny', tiny()],
    ['pruned codes', prunedCodes()],
  ])('%s, bit for bit', async (_, model) => {
    const read = await readModel(await writeModel(model));
    // toEqual tells -0 from +0, also within typed arrays and quantizers.
    expect(read).toEqual(model);
    for (const [name, w] of Object.entries(model.weights))
      expect(denseValues(read.weights[name])).toEqual(denseValues(w));
  });

  test('every tail length of a sign stream', async () => {
    for (let k = 1; k <= 70; k++) {
      const signs = packSigns(randomFloats(3 * k, random(k)), 3, k);
      const model = dense({ encoding: 'binary', shape: [3, k], signs, scales: Float32Array.of(1) }, k);
      expect(await readModel(await writeModel(model))).toEqual(model);
    }
  });

  test('works on any view of bytes and does not keep or change it', async () => {
    const file = await writeModel(everyEncoding());
    const padded = new Uint8Array(file.length + 3);
    padded.set(file, 3);
    const view = padded.subarray(3);
    const model = await readModel(view);
    expect(view).toEqual(file);
    padded.fill(0xff);
    expect(model).toEqual(everyEncoding());
    expect(await readModel(Buffer.from(file))).toEqual(model);
  });
});

describe('same model, same bytes', () => {
  test('whatever the order of keys, and with fields that are undefined', async () => {
    const model = everyEncoding();
    const file = await writeModel(model);
    expect(await writeModel(reversed(model) as Model)).toEqual(file);
    const { nodes } = model.graph;
    const explicit = { ...nodes[0], bias: undefined };
    expect(
      await writeModel({
        ...model,
        graph: { ...model.graph, nodes: [explicit, ...nodes.slice(1)] as typeof nodes },
      }),
    ).toEqual(file);
  });

  test.each([
    [1, everyEncoding()],
    [2, prunedCodes()],
  ])(
    'the golden file of version %i is read, and written again to the same bytes',
    async (version, expected) => {
      const golden = goldenOf(version);
      const model = await readModel(golden);
      expect(model).toEqual(expected);
      expect(Buffer.compare(await writeModel(model), golden)).toBe(0);
    },
  );

  test('pruned codes stand for scale * (2q - (2^bits - 1)) at their positions', () => {
    const { a, b, c } = prunedCodes().weights;
    // Codes 1, 6, 3, 0 of 0..7 times 0.25.
    expect([...denseValues(a)]).toEqual([-1.25, 1.25, 0, 0, 0, -0.25, 0, 0, 0, 0, 0, -1.75]);
    // Codes 1, 2, 3 of 0..3; the third lies in the second row, whose scale is 2.
    expect([...denseValues(b)]).toEqual([0, -0.5, 0.5, 6, 0, 0]);
    expect([...denseValues(c)]).toEqual([0, 0]);
  });
});

describe('the container', () => {
  test('is what safetensors says: aligned, contiguous, widest elements first, then by name', async () => {
    const file = await writeModel(everyEncoding());
    const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    const text = new TextDecoder().decode(file.subarray(8, 8 + headerLength));
    expect(text).toMatch(/^\{.*\} {0,7}$/s);
    const { __metadata__: metadata, ...tensors } = JSON.parse(text);
    expect(Object.keys(metadata)).toEqual([
      'classes',
      'format',
      'graph',
      'input',
      'provenance',
      'sha256',
      'version',
      'weights',
    ]);
    for (const value of Object.values(metadata)) expect(typeof value).toBe('string');
    const size = { F32: 4, F16: 2, U8: 1 };
    let end = 0;
    let before = [-4, ''] as [number, string];
    for (const [name, info] of Object.entries(tensors) as [
      string,
      { dtype: 'F32'; shape: number[]; data_offsets: number[] },
    ][]) {
      const elements = info.shape.reduce((a, b) => a * b);
      expect(info.data_offsets).toEqual([end, end + elements * size[info.dtype]]);
      expect(end % size[info.dtype]).toBe(0);
      const key: [number, string] = [-size[info.dtype], name];
      expect(before[0] < key[0] || (before[0] === key[0] && before[1] < key[1])).toBe(true);
      before = key;
      end = info.data_offsets[1];
    }
    expect(8 + headerLength + end).toBe(file.length);
    expect(Object.keys(tensors)).toContain('conv1/kernel.signs');
    expect(tensors['e/kernel.values']).toMatchObject({ dtype: 'F32', shape: [5, 6] });
    expect(tensors['conv2/kernel.values'].dtype).toBe('F16');
    // No full-precision weight, so neither positions nor values.
    expect(Object.keys(tensors).filter(name => name.startsWith('conv3'))).toEqual([
      'conv3/kernel.scales',
      'conv3/kernel.signs',
    ]);
  });

  test('signs are one contiguous stream: one tail for the tensor, none for its rows', async () => {
    const signs = packSigns(new Float32Array(5 * 3).fill(-1), 5, 3);
    const file = await writeModel(
      dense({ encoding: 'binary', shape: [5, 3], signs, scales: Float32Array.of(1) }, 3),
    );
    const { tensors } = unpackContainer(file);
    expect([...(tensors.get('w.signs')?.bytes ?? [])]).toEqual([0xff, 0x7f]);
  });
});

describe('the checksum', () => {
  test('is compared unless told not to', async () => {
    const file = await writeModel(tiny());
    const biased = file.slice();
    biased[biased.length - 19] ^= 1; // the lowest bit of the first bias, 1
    await expect(readModel(biased)).rejects.toThrow('sha256');
    expect(denseValues((await readModel(biased, { verify: false })).weights.b)[0]).toBe(1 + 2 ** -23);
  });

  test('where there is no WebCrypto, an error says so, and verify: false reads all the same', async () => {
    const file = await writeModel(tiny());
    const crypto = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor;
    Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
    try {
      await expect(readModel(file)).rejects.toThrow('crypto.subtle is missing');
      await expect(writeModel(tiny())).rejects.toThrow('crypto.subtle is missing');
      expect(await readModel(file, { verify: false })).toEqual(tiny());
    } finally {
      Object.defineProperty(globalThis, 'crypto', crypto);
    }
  });
});

describe('positions', () => {
  const cases: [string, number[], number][] = [
    ['the first', [0], 1],
    ['the last of many', [2 ** 31 - 2], 2 ** 31 - 1],
    ['all', Array.from({ length: 100 }, (_, i) => i), 100],
    ['both ends', [0, 2 ** 31 - 2], 2 ** 31 - 1],
    ['one far beyond the others', [0, 1, 2, 3, 4, 5, 6, 7, 1_000_000], 1_000_001],
  ];
  const next = random(5);
  for (const density of [0.001, 0.01, 0.05, 0.5, 0.99])
    cases.push([
      `density ${density}`,
      Array.from({ length: 20_000 }, (_, i) => i).filter(() => next() < density),
      20_000,
    ]);

  test.each(cases)('%s', (_, positions, limit) => {
    const code = encodePositions(Uint32Array.from(positions));
    expect([...decodePositions(code, positions.length, limit, 'p')]).toEqual(positions);
    expect(() => decodePositions(code, positions.length, positions[positions.length - 1], 'p')).toThrow(
      'beyond',
    );
    expect(() => decodePositions(code.subarray(0, -1), positions.length, limit, 'p')).toThrow('ends before');
    expect(() => decodePositions(Uint8Array.of(...code, 0), positions.length, limit, 'p')).toThrow('goes on');
  });

  test('the code by hand', () => {
    // Gaps 3, 0, 5 with parameter 1: 1 0 1 | 0 0 | 1 1 0 1, least significant bit first.
    expect([...encodePositions(Uint32Array.of(3, 4, 10))]).toEqual([1, 0b01100101, 0b1]);
  });

  test('random gaps of 1 % cost less than 8.5 bits a position', () => {
    const next = random(6);
    const positions = Uint32Array.from({ length: 100_000 }, (_, i) => i).filter(() => next() < 0.01);
    expect((8 * encodePositions(positions).length) / positions.length).toBeLessThan(8.5);
  });

  test('hostile codes end in an error, soon', () => {
    expect(() => decodePositions(new Uint8Array(0), 1, 10, 'p')).toThrow('parameter');
    expect(() => decodePositions(Uint8Array.of(31, 0), 1, 10, 'p')).toThrow('parameter 31');
    expect(() => decodePositions(new Uint8Array(1000).fill(255).fill(0, 0, 1), 1, 2 ** 31 - 1, 'p')).toThrow(
      'ends before',
    );
    expect(() => decodePositions(new Uint8Array(1000).fill(255).fill(30, 0, 1), 1, 2 ** 31 - 1, 'p')).toThrow(
      'beyond',
    );
    expect(() => decodePositions(Uint8Array.of(0, 0b10), 1, 10, 'p')).toThrow('goes on');
  });
});

describe('the writer refuses a bad model', () => {
  const kernel = () => tiny().weights.w as WeightData & { encoding: 'apb' };
  const withKernel = (change: Partial<WeightData> | { weights: object }) => ({
    ...tiny(),
    weights: { ...tiny().weights, w: { ...kernel(), ...change } as WeightData },
  });
  const apb = (change: object) => withKernel({ weights: { ...kernel().weights, ...change } });
  const withNode = (change: object) => {
    const [q, d] = tiny().graph.nodes;
    return { ...tiny(), graph: { ...tiny().graph, nodes: [q, { ...d, ...change }] } } as Model;
  };
  const withQuantizer = (change: object) => {
    const [q, d] = tiny().graph.nodes as [{ quantizer: object }, object];
    const quantizer = { ...q.quantizer, ...change };
    return { ...tiny(), graph: { ...tiny().graph, nodes: [{ ...q, quantizer }, d] } } as Model;
  };
  const f = Math.fround;
  const ones = Float32Array.of(1, 1);
  const binaryBias = { encoding: 'binary', shape: [2], signs: packSigns(ones, 2, 1), scales: ones } as const;
  const cases: [string, Model, string][] = [
    ['a value float16 cannot hold', apb({ values: Float32Array.of(2, f(-3.001)) }), 'float16 cannot hold'],
    ['a value beyond float16', apb({ values: Float32Array.of(2, 70000) }), 'float16 cannot hold'],
    ['NaN', apb({ values: Float32Array.of(2, Number.NaN) }), 'NaN'],
    [
      'infinity',
      { ...tiny(), weights: { ...tiny().weights, b: { ...float(2), values: Float32Array.of(0, Infinity) } } },
      'Infinity',
    ],
    ['positions that do not ascend', apb({ positions: Uint32Array.of(5, 1) }), 'not ascending at index 1'],
    ['a position given twice', apb({ positions: Uint32Array.of(1, 1) }), 'not ascending at index 1'],
    ['a position too large', apb({ positions: Uint32Array.of(1, 6) }), 'position 6 of only 6'],
    ['fewer positions than values', apb({ positions: Uint32Array.of(1) }), '1 positions for 2 values'],
    ['scale 0', apb({ scales: Float32Array.of(0) }), 'scale 0'],
    ['a negative scale', apb({ scales: Float32Array.of(1, -1) }), 'scale -1'],
    ['a scale that is NaN', apb({ scales: Float32Array.of(Number.NaN) }), 'scale NaN'],
    ['three scales for two rows', apb({ scales: Float32Array.of(1, 1, 1) }), '3 scales'],
    ['planes of another shape', apb({ signs: packSigns(new Float32Array(6), 3, 2) }), '[3, 2]'],
    [
      'planes with padding bits',
      apb({ signs: { ...kernel().weights.signs, words: Uint32Array.of(0, 8) } }),
      'padding',
    ],
    [
      'a shape that does not fit its values',
      { ...tiny(), weights: { ...tiny().weights, b: { ...float(2), shape: [3] } } },
      '2 values, not 3',
    ],
    ['an unknown encoding', withKernel({ encoding: 'octal' as 'apb' }), '"octal"'],
    ['a scalar', withKernel({ shape: [] }), '0 axes'],
    [
      'a parameter nobody uses',
      { ...tiny(), weights: { ...tiny().weights, x: float(2) } },
      '"x" is used by no node',
    ],
    ['a missing parameter', { ...tiny(), weights: { w: kernel() } }, 'no parameter "b"'],
    [
      'a bias that is compressed',
      { ...tiny(), weights: { ...tiny().weights, b: binaryBias } },
      'cannot be binary',
    ],
    ['a parameter called like a method', withNode({ bias: 'toString' }), 'no parameter "toString"'],
    ['an unknown op', withNode({ op: 'lstm' }), '"lstm"'],
    ['an unknown field', withNode({ stride: 1 }), '"stride"'],
    ['an op from Object.prototype', withNode({ op: 'constructor' }), '"constructor"'],
    ['a name with a control character', withNode({ name: 'a\nb' }), 'usable name'],
    ['the name __proto__', withNode({ name: '__proto__' }), 'usable name'],
    ['an empty name', withNode({ name: '' }), '1 to 256'],
    ['the wrong inv', withQuantizer({ inv: 3.5 }), 'inv'],
    ['a step of 0', withQuantizer({ step: 0 }), 'step'],
    ['a step that is no float32', withQuantizer({ step: 0.1 }), 'step'],
    ['an empty interval', withQuantizer({ hi: 0 }), 'interval'],
    ['3-bit activations', withQuantizer({ bits: 3 }), 'bits'],
    ['a sign scale of 0', withQuantizer({ kind: 'sign', scale: 0 }), 'unknown field'],
    ['another input shape', { ...tiny(), input: { ...tiny().input, shape: [1, 3] } }, 'the graph takes [3]'],
    ['a mean missing', { ...tiny(), input: { ...tiny().input, mean: [0, 0] } }, 'mean'],
    ['a std of 0', { ...tiny(), input: { ...tiny().input, std: [1, 0, 1] } }, 'std'],
    ['a std that float32 rounds to 0', { ...tiny(), input: { ...tiny().input, std: [1, 1e-50, 1] } }, 'std'],
    ['pixels that overflow', { ...tiny(), input: { ...tiny().input, std: [1, 1e-39, 1] } }, 'finite pixels'],
    ['a class missing', { ...tiny(), classes: ['one'] }, '1 class names for 2 outputs'],
    ['a class that UTF-8 cannot hold', { ...tiny(), classes: ['a', '\ud800'] }, 'Unicode'],
    ['a provenance that is no text', { ...tiny(), provenance: { seed: 1 as unknown as string } }, 'seed'],
  ];
  test.each(cases)('%s', async (_, model, message) => {
    const error = (await writeModel(model).catch(e => e)) as InputError;
    expect(error).toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(/^the model cannot be written: .+$/),
    });
    expect(error.message).toContain(message);
  });

  test('a batch norm that cannot be folded', async () => {
    const norm = (change: object, variance: number): Model => {
      const vector = (x: number): WeightData => ({
        encoding: 'float',
        shape: [1],
        values: Float32Array.of(x),
      });
      const node = {
        name: 'n',
        op: 'batchNorm',
        inputs: ['input'],
        gamma: 'g',
        beta: 'b',
        mean: 'm',
        variance: 'v',
        epsilon: 0,
        ...change,
      };
      return {
        graph: { inputShape: [1], nodes: [node] as Model['graph']['nodes'], output: 'n' },
        weights: { g: vector(1), b: vector(0), m: vector(0), v: vector(variance) },
        input: { shape: [1], mean: [0], std: [1], resize: { rule: 'exact' } },
        classes: [],
        provenance: {},
      };
    };
    await expect(writeModel(norm({}, 1))).resolves.toBeDefined();
    await expect(writeModel(norm({}, 0))).rejects.toThrow('not finite');
    await expect(writeModel(norm({ epsilon: 1e-300 }, 0))).rejects.toThrow('not finite');
    await expect(writeModel(norm({}, -1))).rejects.toThrow('negative');
    await expect(writeModel(norm({ epsilon: -1e-5 }, 1))).rejects.toThrow('negative');
    await expect(writeModel(norm({ epsilon: Number.NaN }, 1))).rejects.toThrow('epsilon');
  });

  test('a ternary weight that is zero has no sign', async () => {
    const model = everyEncoding();
    const b = model.weights['b/kernel'] as WeightData & { encoding: 'ternary' };
    const signs = packSigns(new Float32Array(16).fill(-1), 4, 4);
    await expect(
      writeModel({ ...model, weights: { ...model.weights, 'b/kernel': { ...b, signs } } }),
    ).rejects.toThrow('signs of parameter "b/kernel"');
  });

  test('a sparse parameter of next to nothing', async () => {
    const sparse = (n: number): Model =>
      dense(
        {
          encoding: 'sparse',
          shape: [n, 1],
          positions: Uint32Array.of(0),
          values: Float32Array.of(1),
          valueType: 'float32',
        },
        1,
      );
    await expect(writeModel(sparse(2 ** 24))).resolves.toBeDefined();
    await expect(writeModel(sparse(2 ** 24 + 1))).rejects.toThrow('expand 1 stored values');
  });
});

/** A single dense layer of given weights on k inputs. */
function dense(w: WeightData, k: number): Model {
  return {
    graph: {
      inputShape: [k],
      nodes: [{ name: 'd', op: 'dense', inputs: ['input'], weights: 'w' }],
      output: 'd',
    },
    weights: { w },
    input: { shape: [k], mean: new Array(k).fill(0), std: new Array(k).fill(1), resize: { rule: 'exact' } },
    classes: [],
    provenance: {},
  };
}

/** The same value with the keys of every plain object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, v]) => [k, reversed(v)]),
  );
}
