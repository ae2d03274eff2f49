import { uniformQuantizer } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { toTfjs } from '../src/index.js';
import { NetBuilder } from './builder.js';
import { runReference, runTfjs } from './run.js';

function json(files: ReadonlyMap<string, Uint8Array>) {
  return JSON.parse(new TextDecoder().decode(files.get('model.json')));
}

describe('the folder for TensorFlow.js', () => {
  it('holds a graph model whose weights are all in the shards', () => {
    const b = new NetBuilder([6, 5, 3], 1).conv(3, 4).norm(4).plain('flatten').dense(120, 3);
    const files = toTfjs({ ...b.model(), classes: ['a', 'b', 'c'] });
    expect([...files.keys()]).toEqual(['group1-shard1of1.bin', 'model.json']);
    const { format, weightsManifest, signature, userDefinedMetadata } = json(files);
    expect(format).toBe('graph-model');
    const sizes = weightsManifest[0].weights.map((w: { shape: number[] }) =>
      w.shape.reduce((a, b) => a * b, 4),
    );
    expect(sizes.reduce((a: number, b: number) => a + b)).toBe(files.get('group1-shard1of1.bin')?.length);
    expect(signature.inputs.input.tensorShape.dim.map((d: { size: string }) => d.size)).toEqual([
      '-1',
      '6',
      '5',
      '3',
    ]);
    expect(Object.keys(signature.outputs)).toEqual([b.last]);
    expect(JSON.parse(userDefinedMetadata['apb.classes'])).toEqual(['a', 'b', 'c']);
  });

  it('cuts large weights into several files', async () => {
    const b = new NetBuilder([1100], 2).dense(1100, 1000).dense(1000, 2);
    const files = toTfjs(b.model());
    expect([...files.keys()]).toEqual(['group1-shard1of2.bin', 'group1-shard2of2.bin', 'model.json']);
    expect(files.get('group1-shard1of2.bin')?.length).toBe(2 ** 22);
    const x = b.batch(1);
    const [got, expected] = [await runTfjs(files, x), await runReference(b.model(), x)];
    expect(got.data[0]).toBeCloseTo(expected.data[0], 2);
  });

  it('takes names that TensorFlow does not', async () => {
    const b = new NetBuilder([4], 3).quantize(uniformQuantizer(2, 0, 1));
    const model = b.model();
    const [node] = model.graph.nodes;
    const strange = '^a: value/ü';
    const graph = { ...model.graph, nodes: [{ ...node, name: strange }], output: strange };
    const x = b.batch(2);
    expect(await runTfjs(toTfjs({ ...model, graph }), x)).toEqual(await runReference(model, x));
  });

  it('does nothing where nothing is to be done', async () => {
    const b = new NetBuilder([3, 3, 2], 4).subsample([1, 1]).padChannels(0, 0);
    const x = b.batch(2);
    expect(await runTfjs(toTfjs(b.model()), x)).toEqual(x);
  });
});
