import { INPUT, InputError, type Model, uniformQuantizer } from '@apb/core';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { encodeOnnx, toOnnx, toQLinearOnnx, toTfjs } from '../src/index.js';
import { modelProto } from '../src/onnx/schema.js';
import { NetBuilder } from './builder.js';
import { floatCases, quantizedBlock, quantizers } from './cases.js';
import { runOnnx, runReference } from './run.js';

interface Decoded {
  readonly irVersion: bigint;
  readonly opsetImport: readonly { domain: string; version: bigint }[];
  readonly metadataProps: readonly { key: string; value: string }[];
  readonly graph: {
    readonly node: readonly { opType: string; input: string[]; output: string[] }[];
    readonly input: readonly { name: string; type: { tensorType: { shape: { dim: object[] } } } }[];
    readonly output: readonly { name: string }[];
    readonly initializer: readonly { name: string }[];
  };
}

function decode(file: Uint8Array): Decoded {
  return fromBinary(modelProto, file) as unknown as Decoded;
}

function opsOf(file: Uint8Array): string[] {
  return decode(file).graph.node.map(node => node.opType);
}

describe('the ONNX file', () => {
  it('has the bytes that the format says', () => {
    const value = (name: string) => ({ name, type: 'float32' as const, dims: ['N', 300] });
    const file = encodeOnnx({
      name: 'graph',
      inputs: [value('x')],
      outputs: [value('y')],
      constants: [{ name: 'c', type: 'uint8', dims: [2], data: Uint8Array.of(7, 0) }],
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'], attributes: { a: 0, b: [1, -1] } }],
    });
    // Fields of onnx.proto3: tag, length, content.
    const shape = `120a${'0a03'}${'12014e'}${'0a03'}${'08ac02'}`; // dim_param N, dim_value 300
    const attributes = [
      `2a08${'0a0161'}${'1800'}a00102`, // a: i = 0, an INT
      `2a13${'0a0162'}${'4001'}${'40ffffffffffffffffff01'}a00107`, // b: ints 1 and -1, INTS
    ].join('');
    expect(Buffer.from(file).toString('hex')).toBe(
      [
        '0808', // ir_version 8
        '1203617062', // producer_name
        '3a72', // graph
        `0a2e${'0a0178'}${'120179'}${'1a0179'}${'220452656c75'}${attributes}`, // node: x, y, its name, Relu
        '12056772617068', // its name
        `2a0b${'0802'}${'1002'}${'420163'}4a020700`, // initializer: dims, uint8, name, raw_data
        `5a15${'0a0178'}12100a0e0801${shape}`, // input x, float32
        `6215${'0a0179'}12100a0e0801${shape}`, // output y
        '42040a001011', // opset 17
      ].join(''),
    );
  });

  it('names input, output and open batch axis, and says how pictures become numbers', () => {
    const b = new NetBuilder([5, 4, 3], 1).conv(3, 2).plain('flatten').dense(40, 3);
    const file = decode(toOnnx({ ...b.model(), classes: ['a', 'b', 'c'] }));
    expect(file.irVersion).toBe(8n);
    expect(file.opsetImport).toMatchObject([{ domain: '', version: 17n }]);
    expect(file.graph.input.map(({ name }) => name)).toEqual([INPUT]);
    expect(file.graph.output.map(({ name }) => name)).toEqual([b.last]);
    const { dim } = file.graph.input[0].type.tensorType.shape;
    expect(dim).toMatchObject([{ dimParam: 'N' }, { dimValue: 5n }, { dimValue: 4n }, { dimValue: 3n }]);
    const metadata = Object.fromEntries(file.metadataProps.map(({ key, value }) => [key, JSON.parse(value)]));
    expect(metadata['apb.input']).toMatchObject({
      layout: 'NHWC',
      mean: [0.5, 0.5, 0.5],
      resize: { rule: 'exact' },
    });
    expect(metadata['apb.classes']).toEqual(['a', 'b', 'c']);
  });

  it('gives every value a name of its own, whatever the nodes are called', async () => {
    const b = new NetBuilder([5, 5, 2], 2).conv(2, 2, { bias: true }).quantize(uniformQuantizer(2, 0, 1));
    const model = renamed(b.model(), ['conv0/weights', 'input/NCHW']);
    const { node, initializer } = decode(toOnnx(model)).graph;
    const names = [...node.flatMap(n => n.output), ...initializer.map(t => t.name)];
    expect(new Set(names).size).toBe(names.length);
    const x = b.batch(1);
    expect((await runOnnx(toOnnx(model), x)).shape).toEqual([1, 5, 5, 2]);
  });

  it('leaves out what the output does not need', () => {
    const b = new NetBuilder([5, 5, 2], 3).conv(2, 2);
    const used = b.last;
    const model = b.norm(2).plain('softmax').model(used);
    expect(opsOf(toOnnx(model))).toEqual(['Transpose', 'Conv', 'Transpose']);
  });

  it('does nothing where nothing is to be done', async () => {
    const b = new NetBuilder([3, 3, 2], 4).subsample([1, 1]).padChannels(0, 0);
    const x = b.batch(2);
    expect(await runOnnx(toOnnx(b.model()), x)).toEqual(x);
  });
});

describe('bad models', () => {
  it('are refused with the name of what is wrong', () => {
    const model = new NetBuilder([5, 5, 2], 5).conv(2, 2).model();
    for (const write of [toOnnx, toQLinearOnnx, toTfjs]) {
      expect(() => write({ ...model, weights: {} })).toThrow(InputError);
      expect(() => write({ ...model, weights: {} })).toThrow(/conv0\/w/);
      const [node] = model.graph.nodes;
      const graph = { ...model.graph, nodes: [{ ...node, op: 'transformer' } as never] };
      expect(() => write({ ...model, graph })).toThrow(/transformer/);
    }
  });
});

describe('the 8-bit network for timing', () => {
  it('has a QLinearConv for every compressed convolution and bytes between those that follow one another', () => {
    const b = new NetBuilder([8, 8, 3], 6).conv(3, 4).plain('relu');
    b.conv(4, 4, { packing: 'apb' }).norm(4).plain('relu').conv(4, 4, { packing: 'binary' }).norm(4);
    expect(opsOf(toQLinearOnnx(b.plain('globalAvgPool').model()))).toEqual([
      'Transpose',
      'Conv',
      'Relu',
      'QuantizeLinear',
      'QLinearConv',
      'QLinearConv',
      'DequantizeLinear',
      'GlobalAveragePool',
      'Flatten',
    ]);
  });

  it('puts 8 bits in the place of quantizers', () => {
    const b = new NetBuilder([8, 8, 3], 7).conv(3, 4).quantize(uniformQuantizer(2, 0, 1));
    b.conv(4, 4, { packing: 'apb' }).quantize({ kind: 'sign', scale: 1 });
    expect(opsOf(toQLinearOnnx(b.model()))).toEqual([
      'Transpose',
      'Conv',
      'QuantizeLinear',
      'QLinearConv',
      'DequantizeLinear',
      'Identity',
      'Transpose',
    ]);
  });

  it('computes roughly the same as the float network', async () => {
    for (const packing of ['apb', 'binary', 'ternary', 'kbit', 'sparse'] as const) {
      const b = new NetBuilder([9, 7, 3], 8).conv(3, 8, { packing }).norm(8).plain('relu');
      const start = b.last;
      b.conv(8, 8, { packing, groups: 2, pads: [0, 2, 1, 1] }).maxPool([2, 2], [1, 1], [1, 0, 0, 0]);
      b.plus(b.from(start).conv(8, 8, { packing, kernel: [2, 2], pads: [0, 1, 0, 1] }).last);
      const [x, model] = [b.batch(2), b.model()];
      const [got, expected] = [await runOnnx(toQLinearOnnx(model), x), await runReference(model, x)];
      expect(got.shape).toEqual(expected.shape);
      expect(correlation(got.data, expected.data)).toBeGreaterThan(0.98);
    }
  });

  it('loads and runs with every kind of node', async () => {
    const networks = [
      ...Object.values(floatCases).map(build => ({ b: build() })),
      ...Object.values(quantizers).map(q => quantizedBlock(q, 'apb', 9)),
      { b: new NetBuilder([4, 4, 2], 10).quantize({ kind: 'sign', scale: 1 }) },
      { b: new NetBuilder([6], 11).quantize(uniformQuantizer(2, 0, 1)) },
    ];
    for (const { b } of networks) {
      const x = b.batch(2);
      const [got, expected] = [await runOnnx(toQLinearOnnx(b.model()), x), await runReference(b.model(), x)];
      expect(got.shape).toEqual(expected.shape);
      expect(got.data.every(Number.isFinite)).toBe(true);
    }
  });
});

/** A model whose nodes got other names, in order. */
function renamed(model: Model, names: readonly string[]): Model {
  const to = new Map(model.graph.nodes.map((node, i) => [node.name, names[i]]));
  const name = (from: string) => to.get(from) ?? from;
  const nodes = model.graph.nodes.map(node => ({
    ...node,
    name: name(node.name),
    inputs: node.inputs.map(name),
  }));
  return { ...model, graph: { ...model.graph, nodes, output: name(model.graph.output) } };
}

function correlation(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  const centred = (x: Float32Array) => {
    const mean = x.reduce((p, q) => p + q, 0) / x.length;
    return x.map(v => v - mean);
  };
  const [p, q] = [centred(a), centred(b)];
  return dot(p, q) / Math.sqrt(dot(p, p) * dot(q, q));
}
