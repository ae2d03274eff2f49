import { INPUT, InputError, type Tensor, tensor, toFloat16Bits } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { importModel, toOnnx } from '../src/index.js';
import { errorBound, magnitude } from './bounds.js';
import { NetBuilder } from './builder.js';
import { floatCases } from './cases.js';
import { floats, type HandFile, type HandNode, ints, onnxFile } from './onnxFile.js';
import { runOnnxAs, runReference } from './run.js';

/** Largest distance, as a share of its bound. */
function worst(got: Tensor, expected: Tensor, bound: Float64Array): number {
  expect(got.data.length).toBe(expected.data.length);
  return got.data.reduce((top, y, i) => {
    const distance = Math.abs(y - expected.data[i]);
    return Math.max(top, distance === 0 ? 0 : distance / bound[i]);
  }, 0);
}

describe('what toOnnx writes comes back', () => {
  for (const [title, build] of Object.entries(floatCases)) {
    if (title === 'values of two axes') continue;
    it(`with ${title}`, async () => {
      const b = build();
      const model = { ...b.model(), classes: [] };
      const { model: back, format, notes } = await importModel(toOnnx(model));
      expect(format).toBe('onnx');
      expect(notes).toEqual([]);
      expect(back.input).toEqual(model.input);
      const x = b.batch(2);
      const bound = await errorBound(model, magnitude(x));
      expect(worst(await runReference(back, x), await runReference(model, x), bound)).toBeLessThanOrEqual(1);
    });
  }

  it('with one batch norm for scale and shift behind a layer, and class names', async () => {
    const b = new NetBuilder([6, 6, 3], 60)
      .conv(3, 4, { bias: true })
      .norm(4)
      .plain('relu')
      .plain('globalAvgPool');
    const model = { ...b.dense(4, 3, 'float', true).model(), classes: ['a', 'b', 'c'] };
    const { model: back } = await importModel(toOnnx(model));
    expect(back.graph.nodes.map(node => node.op)).toEqual([
      'conv2d',
      'batchNorm',
      'relu',
      'globalAvgPool',
      'dense',
    ]);
    expect(back.graph.nodes.at(-1)).toHaveProperty('bias');
    expect(back.classes).toEqual(model.classes);
  });

  it('but for quantizers, which are named', async () => {
    const b = new NetBuilder([6, 6, 3], 61).conv(3, 4).quantize({ kind: 'sign', scale: 1 });
    await expect(importModel(toOnnx(b.model()))).rejects.toThrow(
      /operator Less .* cannot be imported; Add, /,
    );
  });
});

/** Numbers in [-1, 1) that look random. */
function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => ((Math.sin(i * 12.9898 + seed) * 43758.5453) % 1) as number,
  );
}

function size(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** Runs a file made by hand on onnxruntime and, imported, on our reference; NCHW there, NHWC here. */
async function bothAgree(file: HandFile) {
  const bytes = onnxFile(file);
  const { model } = await importModel(bytes);
  const dims = (file.input?.dims ?? ['N', 3, 7, 6]).slice(1) as number[];
  const x = tensor([2, ...dims], numbers(2 * size(dims), 3));
  const expected = await runOnnxAs(bytes, file.input?.name ?? 'x', x);
  const ours = dims.length === 3 ? toNhwc(x) : x;
  const got = await runReference(model, ours);
  const wanted = expected.shape.length === 4 ? toNhwc(expected) : expected;
  const bound = await errorBound(model, magnitude(ours));
  expect(worst(got, wanted, bound)).toBeLessThanOrEqual(1);
  return model;
}

function toNhwc({ shape: [n, c, h, w], data }: Tensor): Tensor {
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < c; j++)
      for (let p = 0; p < h * w; p++) out[(i * h * w + p) * c + j] = data[(i * c + j) * h * w + p];
  return tensor([n, h, w, c], out);
}

function conv(attributes: HandNode['attributes'], dims: readonly number[], withBias = true): HandFile {
  return {
    nodes: [{ op: 'Conv', inputs: withBias ? ['x', 'w', 'b'] : ['x', 'w'], output: 'y', attributes }],
    constants: [floats('w', dims, numbers(size(dims), 1)), floats('b', [dims[0]], numbers(dims[0], 2))],
  };
}

describe('ONNX files made by hand agree with onnxruntime', () => {
  const convs: Record<string, HandFile> = {
    'four different pads and strides': conv({ pads: [2, 0, 1, 3], strides: [2, 1] }, [5, 3, 3, 2]),
    dilations: conv({ dilations: [2, 3], pads: [1, 2, 0, 3] }, [4, 3, 3, 2], false),
    groups: conv({ group: 3, kernel_shape: [2, 3] }, [6, 1, 2, 3]),
    'auto_pad SAME_UPPER': conv({ auto_pad: 'SAME_UPPER', strides: [2, 2] }, [4, 3, 4, 3]),
    'auto_pad SAME_LOWER': conv({ auto_pad: 'SAME_LOWER', strides: [2, 2] }, [4, 3, 4, 3]),
    'auto_pad VALID': conv({ auto_pad: 'VALID', strides: [3, 2] }, [4, 3, 3, 3]),
  };
  for (const [title, file] of Object.entries(convs))
    it(`on a convolution with ${title}`, () => bothAgree(file));

  const chain = (
    nodes: readonly HandNode[],
    constants: readonly object[] = [],
    more: Partial<HandFile> = {},
  ) => ({
    nodes,
    constants,
    ...more,
  });
  const one = (op: string, attributes: HandNode['attributes'], ...names: string[]): HandNode[] => [
    { op, inputs: ['x', ...names], output: 'y', attributes },
  ];

  it('on batch norm, PRelu, LeakyRelu and Clip', () =>
    bothAgree(
      chain(
        [
          {
            op: 'BatchNormalization',
            inputs: ['x', 'g', 'b', 'm', 'v'],
            output: 'n',
            attributes: { epsilon: { float: 0.01 } },
          },
          { op: 'PRelu', inputs: ['n', 's'], output: 'p' },
          { op: 'LeakyRelu', inputs: ['p'], output: 'l', attributes: { alpha: { float: 0.3 } } },
          { op: 'Clip', inputs: ['l', '', 'max'], output: 'y' },
        ],
        [
          floats('g', [3], [-1, 0.5, 2]),
          floats('b', [3], [0.1, -0.2, 0.3]),
          floats('m', [3], [0.5, 0, -0.5]),
          floats('v', [3], [0.5, 1, 2]),
          floats('s', [3, 1, 1], [0.1, 0.2, -0.3]),
          floats('max', [], [0.75]),
        ],
      ),
    ));

  it('on Clip and Pad as old operator sets have them', () =>
    bothAgree(
      chain(
        [
          { op: 'Pad', inputs: ['x'], output: 'p', attributes: { pads: [0, 0, 1, 2, 0, 0, 0, 1] } },
          { op: 'Conv', inputs: ['p', 'w'], output: 'c', attributes: { pads: [1, 0, 1, 0] } },
          { op: 'Clip', inputs: ['c'], output: 'y', attributes: { min: { float: -0.5 }, max: { float: 6 } } },
        ],
        [floats('w', [2, 3, 3, 3], numbers(54, 1))],
        { opset: 9 },
      ),
    ));

  for (const [title, attributes] of Object.entries<NonNullable<HandNode['attributes']>>({
    'pads and strides': { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] },
    ceil_mode: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
    'ceil_mode whose last window would start in the padding': {
      kernel_shape: [2, 2],
      strides: [3, 3],
      pads: [0, 0, 1, 1],
      ceil_mode: 1,
    },
    'auto_pad SAME_LOWER': { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' },
  })) {
    it(`on a max pool with ${title}`, () => bothAgree(chain(one('MaxPool', attributes))));
    it(`on an average pool with ${title}`, () => bothAgree(chain(one('AveragePool', attributes))));
  }

  it('on an average pool that counts its padding', () =>
    bothAgree(
      chain(
        one('AveragePool', {
          kernel_shape: [3, 3],
          pads: [1, 1, 2, 0],
          strides: [2, 2],
          count_include_pad: 1,
        }),
      ),
    ));

  it('on zeros padded before an average pool, and before a max pool behind a ReLU', async () => {
    const pads = ints('pads', [0, 0, 1, 1, 0, 0, 0, 2]);
    const pool = (op: string) => ({ op, inputs: ['p'], output: 'y', attributes: { kernel_shape: [3, 3] } });
    const padded = { op: 'Pad', inputs: ['r', 'pads'], output: 'p' };
    const relu = { op: 'Relu', inputs: ['x'], output: 'r' };
    await bothAgree(chain([relu, padded, pool('MaxPool')], [pads]));
    await bothAgree(chain([{ ...padded, inputs: ['x', 'pads'] }, pool('AveragePool')], [pads]));
    await expect(
      importModel(onnxFile(chain([{ ...padded, inputs: ['x', 'pads'] }, pool('MaxPool')], [pads]))),
    ).rejects.toThrow(/MaxPool_y: zeros around a picture/);
  });

  it('on a flattened picture, its weights read in (c, h, w)', async () => {
    const w = floats('w', [5, 126], numbers(630, 1));
    const gemm: HandNode = {
      op: 'Gemm',
      inputs: ['f', 'w', 'b'],
      output: 'y',
      attributes: { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } },
    };
    const bias = floats('b', [5], numbers(5, 2));
    await bothAgree(chain([{ op: 'Flatten', inputs: ['x'], output: 'f' }, gemm], [w, bias]));
    const shape = ints('shape', [0, -1]);
    await bothAgree(chain([{ op: 'Reshape', inputs: ['x', 'shape'], output: 'f' }, gemm], [w, bias, shape]));
    const steps: HandNode[] = [
      { op: 'Flatten', inputs: ['x'], output: 'f' },
      { op: 'Relu', inputs: ['f'], output: 'r' },
      { op: 'Add', inputs: ['k', 'r'], output: 'a' },
      { op: 'MatMul', inputs: ['a', 'w'], output: 'm' },
      { op: 'Add', inputs: ['m', 'b'], output: 'y' },
    ];
    const model = await bothAgree(
      chain(steps, [floats('k', [126], numbers(126, 4)), floats('w', [126, 5], numbers(630, 1)), bias]),
    );
    expect(model.graph.nodes.map(n => n.op)).toEqual(['flatten', 'relu', 'batchNorm', 'dense']);
    expect(model.graph.nodes[3]).toHaveProperty('bias');
  });

  it('on a view by a computed shape, as older PyTorch exports it', () =>
    bothAgree(
      chain(
        [
          { op: 'Shape', inputs: ['x'], output: 's' },
          {
            op: 'Constant',
            inputs: [],
            output: 'i',
            attributes: { value: { tensor: { dataType: 7, int64Data: [0n] } } },
          },
          { op: 'Gather', inputs: ['s', 'i'], output: 'n', attributes: { axis: 0 } },
          { op: 'Unsqueeze', inputs: ['n', 'axes'], output: 'u' },
          { op: 'Concat', inputs: ['u', 'rest'], output: 'to', attributes: { axis: 0 } },
          { op: 'Reshape', inputs: ['x', 'to'], output: 'f' },
          { op: 'Gemm', inputs: ['f', 'w'], output: 'y' },
        ],
        [ints('axes', [0]), ints('rest', [-1]), floats('w', [126, 4], numbers(504, 1))],
      ),
    ));

  it('on a global pool with a 1x1 convolution, a flatten and a transposed weight behind', () =>
    bothAgree(
      chain(
        [
          { op: 'GlobalAveragePool', inputs: ['x'], output: 'g' },
          { op: 'Conv', inputs: ['g', 'w'], output: 'c' },
          { op: 'Relu', inputs: ['c'], output: 'r' },
          { op: 'Flatten', inputs: ['r'], output: 'f' },
          { op: 'Transpose', inputs: ['v'], output: 'vt', attributes: { perm: [1, 0] } },
          { op: 'MatMul', inputs: ['f', 'vt'], output: 'y' },
        ],
        [floats('w', [4, 3, 1, 1], numbers(12, 1)), floats('v', [5, 4], numbers(20, 2))],
      ),
    ));

  it('on a mean over pixels without their axes, and constants on either side', () =>
    bothAgree(
      chain(
        [
          { op: 'Sub', inputs: ['x', 'm'], output: 'a' },
          { op: 'Div', inputs: ['a', 's'], output: 'b' },
          { op: 'Mul', inputs: ['k', 'b'], output: 'c' },
          { op: 'ReduceMean', inputs: ['c'], output: 'y', attributes: { axes: [-1, -2], keepdims: 0 } },
        ],
        [
          floats('m', [1, 3, 1, 1], [0.4, 0.5, 0.6]),
          floats('s', [3, 1, 1], [0.2, 0.3, 0.5]),
          floats('k', [1], [2]),
        ],
      ),
    ));

  it('on a shortcut without parameters', () =>
    bothAgree(
      chain(
        [
          { op: 'Slice', inputs: ['x', 'from', 'to', 'axes', 'steps'], output: 's' },
          { op: 'Pad', inputs: ['s', 'pads'], output: 'p' },
          {
            op: 'Conv',
            inputs: ['x', 'w'],
            output: 'c',
            attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
          },
          { op: 'Add', inputs: ['c', 'p'], output: 'y' },
        ],
        [
          ints('from', [0, 0]),
          ints('to', [2 ** 31, 6]),
          ints('axes', [2, 3]),
          ints('steps', [2, 2]),
          ints('pads', [0, 1, 0, 0, 0, 2, 0, 0]),
          floats('w', [6, 3, 3, 3], numbers(162, 1)),
        ],
      ),
    ));

  it('on a batch of rows, a batch norm on them and softmax', async () => {
    const file = chain(
      [
        { op: 'Gemm', inputs: ['x', 'w'], output: 'g' },
        { op: 'BatchNormalization', inputs: ['g', 'one', 'b', 'b', 'one'], output: 'n' },
        { op: 'Softmax', inputs: ['n'], output: 'y', attributes: { axis: 1 } },
      ],
      [
        floats('w', [9, 4], numbers(36, 1)),
        floats('one', [4], [1, 1, 1, 1]),
        floats('b', [4], numbers(4, 2)),
      ],
      { input: { name: 'x', dims: ['N', 9] } },
    );
    const bytes = onnxFile(file);
    const x = tensor([2, 9], numbers(18, 5));
    const [got, expected] = [
      await runReference((await importModel(bytes)).model, x),
      await runOnnxAs(bytes, 'x', x),
    ];
    // Scores below 10 in magnitude with errors of some units of 2^-24: a relative error below 1e-5.
    expected.data.forEach((p, i) => {
      expect(Math.abs(got.data[i] - p)).toBeLessThan(1e-5 * p);
    });
  });

  it('on a network whose input is NHWC', async () => {
    const bytes = onnxFile(
      chain(
        [
          { op: 'Transpose', inputs: ['x'], output: 't', attributes: { perm: [0, 3, 1, 2] } },
          { op: 'Conv', inputs: ['t', 'w'], output: 'c' },
          { op: 'Transpose', inputs: ['c'], output: 'n', attributes: { perm: [0, 2, 3, 1] } },
          { op: 'Reshape', inputs: ['n', 'shape'], output: 'y' },
        ],
        [floats('w', [2, 3, 2, 2], numbers(24, 1)), ints('shape', [-1, 60])],
        { input: { name: 'x', dims: ['N', 7, 6, 3] } },
      ),
    );
    const { model } = await importModel(bytes);
    const x = tensor([1, 7, 6, 3], numbers(126, 3));
    const [got, expected] = [await runReference(model, x), await runOnnxAs(bytes, 'x', x)];
    const bound = await errorBound(model, magnitude(x));
    expect(worst(got, expected, bound)).toBeLessThanOrEqual(1);
  });

  it('on weights of every element type that stands for numbers', async () => {
    const values = [0.5, -1.25, 2, 0.75, -3, 1];
    const dims = [2n, 3n];
    const half = values.map(toFloat16Bits);
    const types: Record<string, object> = {
      'float list': { dataType: 1, floatData: values },
      'raw float16': { dataType: 10, rawData: new Uint8Array(Uint16Array.from(half).buffer) },
      'float16 list': { dataType: 10, int32Data: half },
      'raw float64': { dataType: 11, rawData: new Uint8Array(Float64Array.from(values).buffer) },
      'float64 list': { dataType: 11, doubleData: values },
      bfloat16: {
        dataType: 16,
        rawData: new Uint8Array(
          Uint16Array.from(values, v => new Uint32Array(Float32Array.of(v).buffer)[0] >>> 16).buffer,
        ),
      },
    };
    for (const [title, data] of Object.entries(types)) {
      const file = onnxFile(
        chain(
          [{ op: 'Gemm', inputs: ['x', 'w'], output: 'y', attributes: { transB: 1 } }],
          [{ name: 'w', dims, ...data }],
          { input: { name: 'x', dims: [1, 3] } },
        ),
      );
      const { model } = await importModel(file);
      expect(model.weights[(model.graph.nodes[0] as { weights: string }).weights], title).toMatchObject({
        shape: [2, 3],
        values: Float32Array.from(values),
      });
    }
  });
});

describe('ONNX files that cannot be imported', () => {
  const w = floats('w', [4, 3, 3, 3], numbers(108, 1));
  const step: HandNode = { op: 'Conv', inputs: ['x', 'w'], output: 'y' };
  const bad: Record<string, [HandFile, RegExp]> = {
    'an unknown operator': [
      { nodes: [{ op: 'LSTM', inputs: ['x'], output: 'y' }] },
      /operator LSTM "LSTM_y"/,
    ],
    'an operator of another domain': [
      { nodes: [{ ...step, domain: 'com.microsoft' }], constants: [w] },
      /Conv.*of com\.microsoft/,
    ],
    'a prototype’s name for an operator': [
      { nodes: [{ op: 'constructor', inputs: ['x'], output: 'y' }] },
      /operator constructor/,
    ],
    'a missing initialiser': [{ nodes: [step] }, /Conv "Conv_y": its input "w" is no earlier value/],
    'a cycle': [
      {
        nodes: [
          { op: 'Add', inputs: ['x', 'b'], output: 'a' },
          { op: 'Relu', inputs: ['a'], output: 'b' },
        ],
      },
      /Add "Add_a": its input "b" is no earlier value/,
    ],
    'data in another file': [
      { nodes: [step], constants: [{ ...w, rawData: undefined, dataLocation: 1 }] },
      /initialiser "w": its data lie in another file/,
    ],
    'data that do not fill the shape': [
      { nodes: [step], constants: [{ ...w, dims: [4n, 3n, 3n, 4n] }] },
      /initialiser "w": its shape \[4,3,3,4\] needs 144 values, the file has 108/,
    ],
    'huge dimensions': [
      { nodes: [step], constants: [{ ...w, dims: [2n ** 31n - 1n, 2n ** 31n - 1n, 3n, 3n] }] },
      /initialiser "w"/,
    ],
    'negative dimensions': [
      { nodes: [step], constants: [{ ...w, dims: [-4n, 3n, 3n, 3n] }] },
      /initialiser "w"/,
    ],
    'a type without numbers': [
      { nodes: [step], constants: [{ ...w, dataType: 8 }] },
      /initialiser "w": its element type 8/,
    ],
    'NaN among the weights': [
      { nodes: [step], constants: [floats('w', [4, 3, 3, 3], numbers(108, 1).fill(Number.NaN, 7, 8))] },
      /Conv_y\/kernel: value \d+ is NaN/,
    ],
    'pads that take much memory': [
      { nodes: [{ ...step, attributes: { pads: [2 ** 30, 0, 0, 0] } }], constants: [w] },
      /Conv_y.*elements/,
    ],
    'negative pads': [
      { nodes: [{ ...step, attributes: { pads: [-1, 0, 0, 0] } }], constants: [w] },
      /Conv "Conv_y": its pads/,
    ],
    'strides of zero': [
      { nodes: [{ ...step, attributes: { strides: [0, 1] } }], constants: [w] },
      /Conv "Conv_y": its strides/,
    ],
    'a window that does not fit': [
      { input: { name: 'x', dims: [1, 3, 2, 2] }, nodes: [step], constants: [w] },
      /Conv_y.*does not fit/,
    ],
    'a 1-D convolution': [
      { nodes: [{ ...step, attributes: { strides: [1] } }], constants: [w] },
      /strides \[1\] has 1 items, not 2/,
    ],
    'channels that do not fit': [
      { input: { name: 'x', dims: [1, 5, 8, 8] }, nodes: [step], constants: [w] },
      /Conv_y.*5/,
    ],
    'an open size': [
      { input: { name: 'x', dims: ['N', 3, 'H', 'W'] }, nodes: [step], constants: [w] },
      /\[N, 3,\?,\?\]/,
    ],
    'bytes as input': [
      { input: { name: 'x', dims: [1, 3, 8, 8], type: 2 }, nodes: [step], constants: [w] },
      /input "x" is no float32/,
    ],
    'an operator set before 7': [{ nodes: [step], constants: [w], opset: 6 }, /operator set is 6; 7 to/],
    'a flattened picture as the output': [
      { nodes: [{ op: 'Flatten', inputs: ['x'], output: 'y' }] },
      /the output: .*flattened NCHW picture/,
    ],
    'a sum over the width': [
      {
        nodes: [{ op: 'Add', inputs: ['x', 'c'], output: 'y' }],
        constants: [floats('c', [6], numbers(6, 1))],
      },
      /Add "Add_y": its constant \[6\]/,
    ],
    'a value written twice': [
      {
        nodes: [
          { op: 'Relu', inputs: ['x'], output: 'y' },
          { op: 'Relu', inputs: ['y'], output: 'y' },
        ],
      },
      /no earlier value|earlier value/,
    ],
    'nothing but its input': [{ nodes: [{ op: 'Identity', inputs: ['x'], output: 'y' }] }, /no layer/],
    'damaged metadata': [{ nodes: [step], constants: [w], metadata: { 'apb.input': '{' } }, /apb\.input/],
    'a deviation of zero': [
      { nodes: [step], constants: [w], metadata: { 'apb.input': '{"mean":[0,0,0],"std":[1,0,1]}' } },
      /std/,
    ],
  };
  for (const [title, [file, message]] of Object.entries(bad))
    it(`name ${title}`, async () => {
      const error = await importModel(onnxFile(file), { name: 'net.onnx' }).catch(e => e);
      expect(error).toBeInstanceOf(InputError);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(/^net\.onnx: /);
    });

  it('of which one initialiser becomes very many', async () => {
    const wide = floats('w', [300, 300], new Float32Array(9e4));
    const nodes = Array.from({ length: 100 }, (_, i) => ({
      op: 'MatMul',
      inputs: [i === 0 ? 'x' : `y${i - 1}`, 'w'],
      output: `y${i}`,
    }));
    const file = onnxFile({ nodes, constants: [wide], input: { name: 'x', dims: [1, 300] } });
    await expect(importModel(file)).rejects.toThrow(/parameters grow beyond/);
  });

  it('are never a crash when cut or changed anywhere', async () => {
    const b = new NetBuilder([5, 5, 2], 62).conv(2, 3).norm(3).plain('flatten').dense(75, 3);
    const file = toOnnx(b.model());
    const outcome = (bytes: Uint8Array) =>
      importModel(bytes).then(
        () => 'read',
        error => (error instanceof InputError ? 'refused' : `${error}`),
      );
    for (let at = 0; at < file.length; at += 7) {
      expect(['read', 'refused']).toContain(await outcome(file.subarray(0, at)));
      const changed = file.slice();
      changed[at] ^= 1 << (at % 8);
      expect(['read', 'refused']).toContain(await outcome(changed));
    }
  });

  it('with values, inputs and attributes called by the names of prototypes', async () => {
    const file = onnxFile({
      input: { name: '__proto__', dims: [1, 3, 7, 6] },
      nodes: [{ op: 'Conv', inputs: ['__proto__', 'constructor'], output: 'toString' }],
      constants: [floats('constructor', [4, 3, 3, 3], numbers(108, 1))],
    });
    const { model } = await importModel(file);
    expect((await runReference(model, tensor([1, 7, 6, 3]))).shape).toEqual([1, 5, 4, 4]);
    expect(model.graph.nodes[0].inputs).toEqual([INPUT]);
  });
});
