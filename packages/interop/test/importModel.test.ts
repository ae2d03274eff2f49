import { InputError, type Model, packContainer, unpackContainer, writeModel } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { importModel, toFloatSafetensors } from '../src/index.js';
import { NetBuilder } from './builder.js';
import { floatCases } from './cases.js';
import { runReference } from './run.js';

describe('safetensors', () => {
  it('of float weights come back as they were written, graph and all', async () => {
    for (const build of Object.values(floatCases)) {
      const b = build();
      const model: Model = { ...b.model(), provenance: { from: 'a test' } };
      const { model: back, format } = await importModel(toFloatSafetensors(model));
      expect(format).toBe('safetensors');
      expect(back.provenance).toEqual(model.provenance);
      const x = b.batch(2);
      const packed = Object.values(model.weights).some(w => w.encoding !== 'float');
      // Packed layers sum in another order than float ones.
      if (!packed) expect(await runReference(back, x)).toEqual(await runReference(model, x));
      expect(back.graph).toEqual(model.graph);
    }
  });

  it('of ours stay packed', async () => {
    const model = new NetBuilder([6, 6, 3], 2).conv(3, 4, { packing: 'apb' }).model();
    const { model: back } = await importModel(await writeModel(model));
    expect(back.weights['conv0/w'].encoding).toBe('apb');
  });

  it('without a graph, with another one or with bytes for weights are refused', async () => {
    const file = toFloatSafetensors(new NetBuilder([6, 6, 3], 3).conv(3, 4).model());
    const { metadata, tensors } = unpackContainer(file);
    const bare = packContainer({ metadata: { format: 'pt' }, tensors });
    await expect(importModel(bare)).rejects.toThrow(/weights without a graph/);
    const renamed = new Map([...tensors].map(([name, t]) => [`${name}2`, t]));
    await expect(importModel(packContainer({ metadata, tensors: renamed }))).rejects.toThrow(/conv0\/w/);
    const damaged = { ...metadata, 'apb.model': 'null' };
    await expect(importModel(packContainer({ metadata: damaged, tensors }))).rejects.toThrow(InputError);
    const bytes = new Map(
      [...tensors].map(([name, t]) => [name, { ...t, dtype: 'U8' as const, shape: [...t.shape, 4] }]),
    );
    await expect(importModel(packContainer({ metadata, tensors: bytes }))).rejects.toThrow(/U8/);
  });
});

describe('files are told by their content', () => {
  const text = (s: string) => new TextEncoder().encode(s);
  const cases: Record<string, [Uint8Array, RegExp]> = {
    nothing: [new Uint8Array(), /empty/],
    'a Keras file': [Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10), /HDF5.*tensorflowjs_converter/],
    'a zip archive': [text('PK\u0003\u0004...'), /zip archive/],
    'a JSON document of something else': [text('{"name": "package"}'), /modelTopology/],
    'broken JSON': [text('{"modelTopology": '), /JSON/],
    'a picture': [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 1, 2, 3, 4, 5, 6), /no ONNX file/],
  };
  for (const [title, [file, message]] of Object.entries(cases))
    it(`${title} is refused with its name`, async () => {
      const error = await importModel(file, { name: 'thing' }).catch(e => e);
      expect(error).toBeInstanceOf(InputError);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(/^thing: /);
    });
});
