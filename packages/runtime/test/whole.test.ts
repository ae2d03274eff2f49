import { INPUT, type Quantizer, type Tensor, tensor, uniformQuantizer } from '@apb/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Session } from '../src/index.js';
import { ModelBuilder, residualNet } from './build.js';
import { nativeIsas, stepwiseSession, wholeSession } from './nativeSessions.js';

const isas = await nativeIsas();
const made: Session[] = [];

afterEach(() => {
  for (const session of made.splice(0)) session.dispose();
});

async function whole(b: ModelBuilder, threads: number, isa = isas[0]): Promise<Session> {
  const session = await wholeSession(b.model(), isa, threads);
  made.push(session);
  return session;
}

async function stepwise(b: ModelBuilder, isa = isas[0]): Promise<Session> {
  const session = await stepwiseSession(b.model(), isa);
  made.push(session);
  return session;
}

/** As integers, so that -0 is not +0. */
const bits = ({ data }: Tensor) => new Uint32Array(data.buffer, data.byteOffset, data.length);

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** Odd sizes, four different pads, dilation, groups, branches that meet again, and values that many steps read. */
function oddNet(quantizer: Quantizer, seed: number): ModelBuilder {
  const b = new ModelBuilder([11, 7, 5], seed);
  const q = b.quantize(INPUT, quantizer);
  const ragged = { encoding: 'apb', kernel: [3, 2], pads: [2, 0, 1, 3], dilations: [2, 1] } as const;
  const stem = b.norm(b.conv(q, 5, 33, ragged), 33);
  const planes = b.quantize(stem, quantizer);
  const deep = b.conv(planes, 33, 33, { encoding: 'apb', groups: 33, kernel: [5, 3], pads: [2, 1, 2, 1] });
  const grouped = b.conv(planes, 33, 33, { encoding: 'binary', groups: 3, bias: true });
  const floats = b.conv(stem, 33, 33, { kernel: [1, 1], pads: [0, 0, 0, 0] });
  const sum = b.prelu(b.add(b.add(deep, grouped), b.add(floats, stem)), 33);
  const pooled = b.node({
    op: 'maxPool',
    name: 'pool',
    inputs: [sum],
    window: [3, 2],
    strides: [2, 2],
    pads: [1, 0, 1, 0],
  });
  const thin = b.node({ op: 'subsample', name: 'thin', inputs: [sum], strides: [2, 2] });
  const mean = b.node({
    op: 'avgPool',
    name: 'mean',
    inputs: [thin],
    window: [1, 2],
    strides: [1, 1],
    pads: [0, 1, 0, 0],
    countPadding: true,
  });
  const wide = b.node({ op: 'padChannels', name: 'wide', inputs: [b.add(mean, thin)], before: 1, after: 2 });
  const narrow = b.plain(wide, 'globalAvgPool');
  const flat = b.dense(b.plain(pooled, 'flatten'), 5 * 4 * 33, 36, { bias: true });
  const joined = b.quantize(b.add(narrow, flat), quantizer);
  b.plain(b.dense(joined, 36, 9, { encoding: 'apb' }), 'softmax');
  return b;
}

const quantizers: Record<string, Quantizer> = {
  sign: { kind: 'sign', scale: 0.5 },
  '2-bit': uniformQuantizer(2, -0.5, 1.5),
  '4-bit': uniformQuantizer(4, 0, 1),
  '8-bit': uniformQuantizer(8, -1, 3),
};

describe.skipIf(isas.length === 0)('a network in one native call', () => {
  for (const isa of isas)
    for (const [kind, quantizer] of Object.entries(quantizers))
      it(`${isa}, ${kind}: has the bits of its single steps for any batch and number of threads`, async () => {
        for (const b of [residualNet(quantizer, 51), oddNet(quantizer, 52)]) {
          const steps = await stepwise(b, isa);
          const known: [Tensor, Uint32Array][] = [];
          for (const count of [1, 3, 64]) {
            const batch = b.batch(count);
            known.push([batch, bits(await steps.run(batch))]);
          }
          for (const threads of [1, 2, 3]) {
            const session = await whole(b, threads, isa);
            // Twice in turn, so that memory is laid out anew over old values.
            for (const [batch, expected] of [...known, ...known])
              expect(bits(await session.run(batch)), `${threads} threads`).toEqual(expected);
          }
        }
      });

  it('explains and profiles every step as the stepwise runner does', async () => {
    const b = oddNet(quantizers['2-bit'], 53);
    const [one, other] = [await whole(b, 1), await stepwise(b)];
    const { arenaBytes, ...explained } = one.explain();
    expect(explained).toEqual(other.explain());
    const values = explained.steps.reduce((sum, step) => sum + step.bytes, 11 * 7 * 5 * 4);
    expect(arenaBytes).toBeGreaterThan(Math.max(...explained.steps.map(step => step.bytes)));
    expect(arenaBytes).toBeLessThan(values);
    for (const session of [one, other]) {
      for (let i = 0; i < 3; i++) await session.run(b.batch(2));
      expect(session.profile().map(({ runs }) => runs)).toEqual(explained.steps.map(() => 3));
    }
    expect(one.profile().reduce((sum, { us }) => sum + us, 0)).toBeGreaterThan(0);
  });

  it('keeps many runs in flight apart, in batches of all sizes', async () => {
    const b = residualNet(quantizers['2-bit'], 54);
    const steps = await stepwise(b);
    const batches = [1, 2, 3, 7, 16].map(count => b.batch(count));
    const expected: Uint32Array[] = [];
    for (const batch of batches) expected.push(bits(await steps.run(batch)));
    for (const threads of [1, 2, 3]) {
      const session = await whole(b, threads);
      const runs = Array.from({ length: 100 }, async (_, i) => {
        const n = (i * 7) % batches.length;
        const copy = tensor(batches[n].shape, batches[n].data.slice());
        const controller = new AbortController();
        const run = session.run(copy, { signal: controller.signal });
        copy.data.fill(7); // the run has its own copy
        if (i % 9 === 4) {
          controller.abort('not wanted');
          await expect(run).rejects.toBe('not wanted');
        } else expect(bits(await run)).toEqual(expected[n]);
      });
      await Promise.all(runs);
    }
  });

  it('begins runs in the order of the calls', async () => {
    const b = residualNet(quantizers['2-bit'], 55);
    const session = await whole(b, 1);
    const ended: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => session.run(b.batch(1)).then(() => ended.push(i))),
    );
    expect(ended).toEqual(ended.toSorted((x, y) => x - y));
  });

  it('stops for an AbortSignal, before, while it waits and at work', async () => {
    const b = residualNet(quantizers['2-bit'], 56);
    const session = await whole(b, 1);
    const reason = new Error('no longer needed');
    const before = session.run(b.batch(1), { signal: AbortSignal.abort(reason) });
    await expect(before).rejects.toBe(reason);
    expect(session.profile()[0].runs).toBe(0);
    // Long enough to be at work still when the timer comes.
    const controller = new AbortController();
    const long = b.batch(3000);
    const runs = [1, 2].map(() => session.run(long, { signal: controller.signal }));
    const outcomes = Promise.allSettled(runs);
    await pause(5);
    controller.abort(reason);
    for (const outcome of await outcomes) expect(outcome).toEqual({ status: 'rejected', reason });
    const batch = b.batch(1);
    const steps = await stepwise(b);
    expect(bits(await session.run(batch))).toEqual(bits(await steps.run(batch)));
    const counts = session.profile().map(({ runs }) => runs);
    expect(counts.at(-1)).toBe(1);
    expect(Math.max(...counts)).toBeLessThan(3);
  });

  it('ends with its session, whatever its runs are at', async () => {
    const b = residualNet(quantizers['2-bit'], 57);
    for (const wait of [0, 1, 5]) {
      const session = await whole(b, 2);
      const runs = Array.from({ length: 6 }, () => session.run(b.batch(200)));
      const outcomes = Promise.allSettled(runs);
      if (wait) await pause(wait);
      session.dispose();
      for (const outcome of await outcomes)
        if (outcome.status === 'rejected')
          expect(outcome.reason.message).toBe('this session has been disposed');
      await expect(session.run(b.batch(1))).rejects.toThrow('this session has been disposed');
    }
  });
});
