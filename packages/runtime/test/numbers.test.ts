import {
  dequantizeValue,
  encodingOf,
  INPUT,
  type Model,
  quantizeValue,
  type Tensor,
  tensor,
  uniformQuantizer,
} from '@apb/core';
import { describe, expect, it } from 'vitest';
import { createSession } from '../src/index.js';
import { type Encoding, ModelBuilder } from './build.js';
import { evaluate } from './oracle.js';

const reference = { backend: 'reference', env: {} };

/** Every value within twice its first-order bound of the float64 network, picture by picture. */
async function expectExact(model: Model, batch: Tensor): Promise<void> {
  const session = await createSession(model, reference);
  const output = await session.run(batch);
  session.dispose();
  const size = batch.data.length / batch.shape[0];
  const outputs = output.data.length / batch.shape[0];
  for (let n = 0; n < batch.shape[0]; n++) {
    const picture = tensor(batch.shape.slice(1), batch.data.slice(n * size, (n + 1) * size));
    const expected = evaluate(model, picture);
    expect(output.shape).toEqual([batch.shape[0], ...expected.shape]);
    expected.values.forEach((v, i) => {
      const difference = Math.abs(output.data[n * outputs + i] - v);
      expect(difference, `picture ${n}, output ${i}: ${v}`).toBeLessThanOrEqual(2 * expected.errors[i]);
    });
    // The bound itself must be tight enough to find an error: a hundredth of the largest output.
    const largest = Math.max(...expected.values.map(Math.abs));
    for (const e of expected.errors) expect(e).toBeLessThan(1e-2 * largest);
  }
}

/** Every float operation, even and ragged, in one network; `encoding` of its inner layers. */
function floatNet(encoding: Encoding, seed: number): ModelBuilder {
  const b = new ModelBuilder([9, 7, 3], seed);
  const stem = b.norm(b.conv(INPUT, 3, 6, { strides: [2, 1], pads: [1, 0, 2, 1], bias: true }), 6);
  const a = b.prelu(stem, 6);
  const depthwise = b.conv(a, 6, 12, {
    encoding,
    kernel: [2, 3],
    groups: 6,
    dilations: [1, 2],
    pads: [1, 2, 0, 2],
  });
  const window = { window: [3, 2] as const, strides: [1, 1] as const, pads: [1, 0, 1, 1] as const };
  const max = b.node({ name: b.name('max'), inputs: [depthwise], op: 'maxPool', ...window });
  const wide = b.node({ name: b.name('pad'), inputs: [a], op: 'padChannels', before: 2, after: 4 });
  const sum = b.norm(b.plain(b.add(max, wide), 'relu'), 12);
  const half = b.node({ name: b.name('half'), inputs: [sum], op: 'subsample', strides: [2, 2] });
  const clamped = b.node({ name: b.name('clamp'), inputs: [half], op: 'clamp', min: -0.5, max: 6 });
  const average = (countPadding: boolean) =>
    b.node({ name: b.name('average'), inputs: [clamped], op: 'avgPool', ...window, countPadding });
  const both = b.add(average(true), average(false));
  const features = b.dense(b.plain(both, 'flatten'), 3 * 3 * 12, 8, { encoding, bias: true });
  b.dense(features, 8, 5, { encoding, bias: true });
  return b;
}

describe('whole networks against float64', () => {
  for (const [i, encoding] of (
    ['float', 'apb', 'binary', 'ternary', 'kbit', 'kbit3', 'sparse'] as const
  ).entries()) {
    it(`float activations, ${encoding} weights (seed ${100 + i})`, async () => {
      const b = floatNet(encoding, 100 + i);
      await expectExact(b.model(), b.batch(3));
    });
  }

  it('global average and softmax (seed 7)', async () => {
    const b = new ModelBuilder([5, 4, 3], 7);
    b.plain(b.plain(b.conv(INPUT, 3, 4), 'globalAvgPool'), 'softmax');
    await expectExact(b.model(), b.batch(2));
  });

  const quantizers = {
    sign: { kind: 'sign', scale: 0.75 },
    '1-bit code': uniformQuantizer(1, -0.5, 1),
    '2-bit code': uniformQuantizer(2, 0, 1),
    '4-bit code': uniformQuantizer(4, -1, 1),
    '8-bit code': uniformQuantizer(8, -0.9, 0.8),
  } as const;
  for (const [name, quantizer] of Object.entries(quantizers))
    for (const [i, encoding] of (
      ['apb', 'binary', 'kbit', 'kbit3', 'ternary', 'sparse', 'float'] as const
    ).entries())
      it(`${name} input, ${encoding} weights (seed ${200 + i})`, async () => {
        const b = new ModelBuilder([6, 5, 9], 200 + i);
        const input = b.quantize(INPUT, quantizer);
        // A zero pad is 0.0, which neither signs nor these codes can express.
        const conv = b.conv(input, 9, 6, {
          encoding,
          kernel: [3, 2],
          groups: 3,
          strides: [2, 1],
          pads: [2, 1, 0, 3],
          bias: true,
        });
        b.plain(b.norm(conv, 6), 'relu');
        await expectExact(b.model(), b.batch(2));
        // A flatten keeps planes planes; a dense layer meets them.
        const flat = new ModelBuilder([3, 3, 5], 300 + i);
        flat.dense(flat.plain(flat.quantize(INPUT, quantizer), 'flatten'), 45, 4, { encoding, bias: true });
        await expectExact(flat.model(), flat.batch(2));
      });

  it('a network that ends in planes gives the floats they stand for', async () => {
    const quantizer = quantizers['2-bit code'];
    const b = new ModelBuilder([2, 2, 3], 9);
    b.quantize(INPUT, quantizer);
    const session = await createSession(b.model(), reference);
    const batch = b.batch(2);
    const output = await session.run(batch);
    expect(output).toEqual(
      tensor(
        batch.shape,
        batch.data.map(x => dequantizeValue(quantizeValue(x, quantizer), encodingOf(quantizer))),
      ),
    );
  });
});
