import {
  dequantizeValue,
  encodingOf,
  type Model,
  type Quantizer,
  quantizeValue,
  subgraph,
  type Tensor,
  tensor,
} from '@apb/core';
import { describe, expect, it } from 'vitest';
import { toOnnx, toTfjs } from '../src/index.js';
import { errorBound, magnitude } from './bounds.js';
import { NetBuilder } from './builder.js';
import { floatCases, quantizedBlock, quantizers } from './cases.js';
import { runOnnx, runReference, runTfjs } from './run.js';

/** Each other runtime gets the same networks. */
const targets: Readonly<Record<string, (model: Model, x: Tensor) => Promise<Tensor>>> = {
  onnxruntime: (model, x) => runOnnx(toOnnx(model), x),
  'onnxruntime without its optimizer': (model, x) => runOnnx(toOnnx(model), x, 'disabled'),
  'TensorFlow.js': (model, x) => runTfjs(toTfjs(model), x),
};

for (const [name, run] of Object.entries(targets))
  describe(name, () => {
    for (const [title, build] of Object.entries(floatCases))
      it(`agrees on ${title}`, async () => {
        const b = build();
        const model = b.model();
        const x = b.batch(2);
        const expected = await runReference(model, x);
        const got = await run(model, x);
        expect(got.shape).toEqual(expected.shape);
        const bound = await errorBound(model, magnitude(x));
        expect(worst(got.data, expected.data, bound)).toBeLessThanOrEqual(1);
      });

    it('agrees on softmax', async () => {
      const b = new NetBuilder([4, 3, 5], 40).conv(5, 7).plain('softmax');
      const x = b.batch(3);
      const [expected, got] = [await runReference(b.model(), x), await run(b.model(), x)];
      expect(got.shape).toEqual(expected.shape);
      // An error e of the scores is a relative error of about 2 e; exp itself is good to some units.
      expected.data.forEach((p, i) => {
        expect(Math.abs(got.data[i] - p)).toBeLessThan(1e-5 * p + 1e-7);
      });
    });

    for (const [title, quantizer] of Object.entries(quantizers)) {
      it(`gives the same values as a quantizer of ${title}`, async () => {
        const b = new NetBuilder([64], 41).quantize(quantizer);
        const x = tensor([8, 64], Float32Array.from(probes(quantizer)));
        expect(await run(b.model(), x)).toEqual(await runReference(b.model(), x));
      });

      for (const [i, packing] of (['apb', 'binary', 'kbit', 'ternary', 'float'] as const).entries())
        it(`gives codes of ${title} behind ${packing} layers that rounding explains`, async () => {
          const { b, start, end, codes } = quantizedBlock(quantizer, packing, 50 + i);
          const x = b.batch(3);
          const got = await run(b.model(codes), x);
          const sums = await runReference(b.model(end), x);
          const quantized = await runReference(b.model(start), x);
          const bound = await errorBound(
            subgraph(b.model(end), start, end),
            tensor(
              quantized.shape,
              quantized.data.map(() => reach(quantizer)),
            ),
          );
          expect(got.shape).toEqual(sums.shape);
          expect(unexplained(got.data, sums.data, bound, quantizer)).toEqual([]);
        });
    }

    it('takes batches of any size', async () => {
      const b = new NetBuilder([5, 5, 2], 42).conv(2, 3).plain('flatten').dense(75, 4);
      for (const n of [1, 3]) expect((await run(b.model(), b.batch(n))).shape).toEqual([n, 4]);
    });
  });

/** Largest distance, as a share of its bound. */
function worst(got: Float32Array, expected: Float32Array, bound: Float64Array): number {
  return got.reduce((top, y, i) => {
    const distance = Math.abs(y - expected[i]);
    return Math.max(top, distance === 0 ? 0 : distance / bound[i]);
  }, 0);
}

/** Numbers around every threshold and end of a quantizer, ties among them, then others: 512 in all. */
function probes(q: Quantizer): number[] {
  const around = (x: number) => [x, x * (1 + 2 ** -22), x * (1 - 2 ** -22)].map(Math.fround);
  const edges =
    q.kind === 'sign'
      ? [0, -0, 2 ** -149, -(2 ** -149)]
      : Array.from({ length: 2 ** q.bits + 1 }, (_, i) => q.lo + (i - 0.5) / q.inv).flatMap(around);
  const ends = q.kind === 'sign' ? [] : [...around(q.lo), ...around(q.hi)];
  const numbers = [...ends, ...edges].slice(0, 512);
  return [...numbers, ...Array.from({ length: 512 - numbers.length }, (_, i) => Math.sin(i) * 3)];
}

/** The largest magnitude that the terms of a quantized value have. */
function reach(q: Quantizer): number {
  return q.kind === 'sign' ? q.scale : Math.abs(q.base) + q.step * (2 ** q.bits - 1);
}

/**
 * Indices of values that are no code, or a code which no sum within its bound of the reference's would get. Quantizers
 * are monotonic, so the codes of both ends of that interval are the first and the last allowed.
 */
function unexplained(got: Float32Array, sums: Float32Array, bound: Float64Array, q: Quantizer): number[] {
  const value = (x: number) => dequantizeValue(quantizeValue(Math.fround(x), q), encodingOf(q));
  const levels = new Set(
    Array.from({ length: q.kind === 'sign' ? 2 : 2 ** q.bits }, (_, code) =>
      dequantizeValue(code, encodingOf(q)),
    ),
  );
  return [...got.keys()].filter(i => {
    const allowed = [value(sums[i] - bound[i]), value(sums[i] + bound[i])].sort((a, b) => a - b);
    return !levels.has(got[i]) || got[i] < allowed[0] || got[i] > allowed[1];
  });
}
