import { InputError, type Tensor, uniformQuantizer, writeModel } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { createSession, type Session } from '../src/index.js';
import { createWorkerSession, type WorkerSessionOptions } from '../src/worker/index.js';
import { residualNet } from './build.js';
import { threadWorker } from './threadWorker.js';

const net = residualNet(uniformQuantizer(2, -0.25, 1), 12);
const file = await writeModel(net.model());
const batch = net.batch(2);
const bits = ({ data }: Tensor) => new Uint32Array(data.buffer, data.byteOffset, data.length);
const reference: WorkerSessionOptions = { backend: 'reference' };

async function withSession(
  use: (session: Session, worker: ReturnType<typeof threadWorker>) => Promise<void>,
  options: WorkerSessionOptions = reference,
): Promise<void> {
  const worker = threadWorker();
  const session = await createWorkerSession(file, { worker: () => worker, ...options });
  try {
    await use(session, worker);
  } finally {
    session.dispose();
    await worker.ended;
  }
}

describe('a session in a worker', () => {
  it('is the session that createSession makes, to the last bit', async () => {
    const here = await createSession(file, { ...reference, env: {} });
    await withSession(async session => {
      expect(session.input).toEqual(here.input);
      expect(session.classes).toEqual(here.classes);
      expect(session.opsByBackend).toEqual(here.opsByBackend);
      expect(session.explain()).toEqual(here.explain());
      expect(session.profile().map(({ runs }) => runs)).toEqual(here.profile().map(() => 0));
      const before = bits(batch).slice();
      const output = await session.run(batch);
      expect(bits(output)).toEqual(bits(await here.run(batch)));
      expect(output.shape).toEqual([2, 5]);
      expect(bits(batch)).toEqual(before);
      expect(session.profile().map(({ runs }) => runs)).toEqual(here.profile().map(() => 1));
    });
    here.dispose();
  });

  it('takes models and files of every kind, and leaves bytes with their owner', async () => {
    const inside = new Uint8Array(file.length + 16).fill(7);
    inside.set(file, 8);
    const expected: Uint32Array[] = [];
    for (const source of [
      net.model(),
      inside.subarray(8, 8 + file.length),
      new Uint8Array(file).buffer,
      new Blob([new Uint8Array(file)]),
      new Response(new Uint8Array(file)),
      `data:;base64,${Buffer.from(file).toString('base64')}`,
    ]) {
      const worker = threadWorker();
      const session = await createWorkerSession(source, { ...reference, worker: () => worker });
      expected.push(bits(await session.run(batch)));
      session.dispose();
      await worker.ended;
    }
    for (const scores of expected) expect(scores).toEqual(expected[0]);
    expect(inside.length).toBe(file.length + 16);
  });

  it('tells how far loading is', async () => {
    const seen: unknown[] = [];
    const blob = new Blob([new Uint8Array(file)]);
    const worker = threadWorker();
    const session = await createWorkerSession(blob, {
      ...reference,
      worker: () => worker,
      onProgress: progress => seen.push(progress),
    });
    expect(seen.at(-1)).toEqual({ loaded: file.length, total: file.length });
    session.dispose();
    await worker.ended;
  });

  it('keeps runs in flight apart', async () => {
    await withSession(async session => {
      const batches = [1, 2, 3].map(count => net.batch(count));
      const together = await Promise.all(batches.map(one => session.run(one)));
      for (const [i, output] of together.entries())
        expect(bits(output)).toEqual(bits(await session.run(batches[i])));
    });
  });
});

describe('errors', () => {
  it('cross with their class and message, and end the worker when there is no session', async () => {
    const damaged = file.slice();
    damaged[damaged.length - 1] ^= 1;
    for (const [source, options, kind, message] of [
      [damaged, reference, InputError, 'model file: its contents do not match its sha256'],
      [file, { backend: 'absent' }, InputError, 'there is no kernel backend absent'],
      [file, { ...reference, threads: 0 }, InputError, 'threads 0 is not a number of threads'],
      ['http://127.0.0.1:1/model', reference, InputError, 'http://127.0.0.1:1/model cannot be loaded'],
    ] as const) {
      const worker = threadWorker();
      const attempt = createWorkerSession(source, { ...options, worker: () => worker });
      await expect(attempt).rejects.toThrow(kind);
      await expect(attempt).rejects.toThrow(message);
      await worker.ended;
    }
  });

  it('of a run leave the session usable', async () => {
    await withSession(async session => {
      const wrong = { shape: [1, 2], data: new Float32Array(2) };
      await expect(session.run(wrong)).rejects.toThrow(InputError);
      const data = batch.data.slice();
      data[3] = Number.NaN;
      const attempt = session.run({ shape: batch.shape, data });
      await expect(attempt).rejects.toThrow(InputError);
      await expect(attempt).rejects.toThrow(/the batch.*NaN/);
      expect((await session.run(batch)).shape).toEqual([2, 5]);
    });
  });

  it('of a worker that does not start, or dies, reject what is in flight', async () => {
    const missing = threadWorker(new URL('file:///nowhere/'));
    const attempt = createWorkerSession(file, { ...reference, worker: () => missing });
    await expect(attempt).rejects.toThrow(/the worker of @apb\/runtime fails \(.*nowhere/);
    await missing.ended;
  });

  it('says where there are no workers', async () => {
    await expect(createWorkerSession(file)).rejects.toThrow(
      'there are no web workers here; use createSession',
    );
  });
});

describe('stopping', () => {
  it('rejects a run at once with the reason of the signal, and the worker goes on', async () => {
    await withSession(async session => {
      const reason = new Error('enough');
      await expect(session.run(batch, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const abort = new AbortController();
      const run = session.run(net.batch(200), { signal: abort.signal });
      abort.abort(reason);
      await expect(run).rejects.toBe(reason);
      expect((await session.run(batch)).shape).toEqual([2, 5]);
    });
  });

  it('stops loading and ends the worker', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const worker = threadWorker();
    const attempt = createWorkerSession(file, { ...reference, worker: () => worker, signal: abort.signal });
    setTimeout(() => abort.abort(reason));
    await expect(attempt).rejects.toBe(reason);
    await worker.ended;
  });

  it('dispose ends the worker; runs in flight and later ones reject', async () => {
    const worker = threadWorker();
    const session = await createWorkerSession(file, { ...reference, worker: () => worker });
    const flying = session.run(net.batch(50));
    session.dispose();
    session.dispose();
    await expect(flying).rejects.toThrow('this session has been disposed');
    await expect(session.run(batch)).rejects.toThrow('this session has been disposed');
    expect(() => session.profile()).toThrow('this session has been disposed');
    await worker.ended;
  });
});
