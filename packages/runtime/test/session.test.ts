import {
  INPUT,
  InputError,
  type Plan,
  type Program,
  type Tensor,
  tensor,
  uniformQuantizer,
  writeModel,
} from '@apb/core';
import { describe, expect, it } from 'vitest';
import { createSession, type SessionOptions } from '../src/index.js';
import { ModelBuilder, residualNet } from './build.js';
import { fake } from './fakes.js';

const reference: SessionOptions = { backend: 'reference', env: {} };
const twoBit = uniformQuantizer(2, -0.25, 1);
const net = () => residualNet(twoBit, 11);

function only(candidate: ReturnType<typeof fake>): SessionOptions {
  return { candidates: [candidate], env: {} };
}

const bits = ({ data }: Tensor) => new Uint32Array(data.buffer, data.byteOffset, data.length);

describe('createSession', () => {
  it('runs a model and its file, as Uint8Array and as ArrayBuffer, to the same bits', async () => {
    const b = net();
    const batch = b.batch(3);
    const file = await writeModel(b.model());
    const outputs = [];
    for (const source of [b.model(), file, new Uint8Array(file).buffer]) {
      const session = await createSession(source, reference);
      outputs.push(bits(await session.run(batch)));
      session.dispose();
    }
    expect(outputs[0]).toHaveLength(15);
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
  });

  it('refuses a damaged file and a model that does not hold together', async () => {
    const file = await writeModel(net().model());
    file[file.length - 1] ^= 1;
    await expect(createSession(file, reference)).rejects.toThrow(InputError);
    await expect(createSession(new Uint8Array(0), reference)).rejects.toThrow(InputError);
    const model = net().model();
    await expect(
      createSession({ ...model, graph: { ...model.graph, output: 'nowhere' } }, reference),
    ).rejects.toThrow(/nowhere/);
  });

  it('names the parameter whose weights a backend refuses, and disposes of the backend', async () => {
    const log: string[] = [];
    const candidate = fake('picky', { log });
    const load = candidate.load;
    candidate.load = async () => {
      const make = await load();
      return () => ({
        ...make(),
        prepareWeights: () => {
          throw new RangeError('k is too large');
        },
      });
    };
    const attempt = createSession(net().model(), only(candidate));
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow('parameter "conv0/w": k is too large');
    expect(log.at(-1)).toBe('dispose');
  });

  it('explains itself as plain data', async () => {
    const absent = { name: 'absent', load: async () => Promise.reject(new Error('not here')) };
    const session = await createSession(net().model(), { candidates: [absent, fake('full')], env: {} });
    const explanation = session.explain();
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
    expect(explanation).toMatchObject({
      backend: 'full',
      isa: 'wide',
      threads: 1,
      rejected: [{ name: 'absent', reason: 'not here' }],
    });
    expect(explanation.steps).toHaveLength(10);
    // Planes of 8 x 8 pixels, 10 channels in one word each, two bits.
    expect(explanation.steps[2]).toMatchObject({
      nodes: ['conv4', 'norm5', 'add6', 'prelu7', 'quantize8'],
      op: 'conv2d',
      product: '1/2',
      backend: 'full',
      outputShape: [8, 8, 10],
      bytes: 8 * 8 * 2 * 4,
    });
    expect(explanation.steps[2].weightBytes).toBeGreaterThan(0);
    // Kernels of 3 x 3 on 10 channels.
    expect(explanation.steps[2].multiplyAdds).toBe(8 * 8 * 10 * 9 * 10);
    expect(explanation.steps[1]).toMatchObject({ isa: 'wide', multiplyAdds: 0 });
    expect(explanation.arenaBytes).toBeUndefined();
    expect(explanation.steps[9]).toMatchObject({ op: 'gemm', product: '32/32', outputShape: [5], bytes: 20 });
    expect(explanation.steps[1].product).toBeUndefined();
    expect(session.opsByBackend).toEqual({ full: 10 });
  });
});

describe('operations a backend lacks', () => {
  it('run on the reference, are counted, and change no bit', async () => {
    const b = net();
    const batch = b.batch(2);
    const whole = await createSession(b.model(), reference);
    const expected = bits(await whole.run(batch));
    for (const lacks of [
      ['conv2d:32/32'],
      ['conv2d:1/2'],
      ['quantize'],
      ['reshape', 'dequantize'],
      ['gemm:1/2', 'gemm:32/32'],
    ] as const) {
      const session = await createSession(b.model(), only(fake('partial', { lacks })));
      const missing = session.explain().steps.filter(s => s.backend === 'reference').length;
      expect(missing, String(lacks)).toBeGreaterThan(0);
      expect(session.opsByBackend).toEqual({ partial: 10 - missing, reference: missing });
      expect(bits(await session.run(batch)), String(lacks)).toEqual(expected);
    }
  });

  it('cost one transfer a border and none between steps on one side', async () => {
    const b = new ModelBuilder([4, 4, 2], 3);
    const q = b.quantize(INPUT, twoBit);
    // Two layers there read the same planes, which cross once.
    const sum = b.add(b.conv(q, 2, 2, { encoding: 'apb' }), b.conv(q, 2, 2, { encoding: 'apb' }));
    const inner = b.conv(b.quantize(sum, twoBit), 2, 2, { encoding: 'apb' });
    b.plain(b.plain(inner, 'globalAvgPool'), 'softmax');
    const log: string[] = [];
    const candidate = fake('partial', { lacks: ['quantize', 'globalAvgPool', 'softmax'], log });
    const session = await createSession(b.model(), only(candidate));
    expect(session.explain().steps.map(s => `${s.op} ${s.backend}`)).toEqual([
      'quantize reference',
      'conv2d partial',
      'conv2d partial',
      'conv2d partial',
      'globalAvgPool reference',
      'softmax reference',
    ]);
    log.length = 0;
    await session.run(b.batch(1));
    expect(log).toEqual(['importPlanes', 'conv2d', 'conv2d', 'conv2d', 'download']);
  });
});

describe('session.run', () => {
  it('gives each picture the same bits in any batch', async () => {
    const b = net();
    const session = await createSession(b.model(), reference);
    const batch = b.batch(5);
    const together = await session.run(batch);
    const size = batch.data.length / 5;
    for (let n = 0; n < 5; n++) {
      const picture = tensor([1, 8, 8, 3], batch.data.slice(n * size, (n + 1) * size));
      const alone = await session.run(picture);
      expect(alone.shape).toEqual([1, 5]);
      expect(alone.data).toEqual(together.data.slice(n * 5, (n + 1) * 5));
    }
    expect(together.shape).toEqual([5, 5]);
  });

  it('refuses batches that do not fit', async () => {
    const session = await createSession(net().model(), reference);
    const refuse = async (batch: Tensor, message: string | RegExp) => {
      await expect(session.run(batch)).rejects.toThrow(InputError);
      await expect(session.run(batch)).rejects.toThrow(message);
    };
    const wanted = 'the model takes [N, 8, 8, 3] with N of at least 1';
    await refuse(tensor([1, 8, 8, 1]), `the batch is [1, 8, 8, 1], ${wanted}`);
    await refuse(tensor([8, 8, 3]), `the batch is [8, 8, 3], ${wanted}`);
    await refuse(tensor([0, 8, 8, 3]), 'the batch is [0, 8, 8, 3], which holds no picture');
    await refuse({ shape: [2, 8, 8, 3], data: new Float32Array(192) }, 'needs a Float32Array of 384 values');
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const batch = tensor([1, 8, 8, 3]);
      batch.data[17] = bad;
      await refuse(batch, `the batch holds ${bad} at index 17`);
    }
    // A refusal leaves the session as it was.
    expect((await session.run(tensor([1, 8, 8, 3]))).shape).toEqual([1, 5]);
  });

  it('says so when sums leave the range of float32', async () => {
    const b = new ModelBuilder([2, 2, 1], 1);
    b.dense(b.plain(INPUT, 'flatten'), 4, 1);
    (b.weights['dense1/w'] as { values: Float32Array }).values.fill(2e38);
    const session = await createSession(b.model(), reference);
    await expect(session.run(tensor([1, 2, 2, 1], new Float32Array(4).fill(1)))).rejects.toThrow(
      /network's output holds Infinity/,
    );
  });

  it('is right with several runs in flight, and does not read a batch later', async () => {
    const b = net();
    const session = await createSession(b.model(), reference);
    const batches = [1, 2, 3, 4].map(n => b.batch(n));
    const expected = [];
    for (const batch of batches) expected.push(bits(await session.run(batch)));
    const running = batches.map(batch => session.run(batch));
    for (const batch of batches) batch.data.fill(0);
    expect((await Promise.all(running)).map(bits)).toEqual(expected);
  });

  it('lets timers run between steps', async () => {
    const b = net();
    const session = await createSession(b.model(), reference);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    // Large enough that each of the ten steps outlasts a timer's millisecond.
    await session.run(b.batch(64));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
  });

  it('stops for an AbortSignal, before and during the run', async () => {
    const b = net();
    const log: string[] = [];
    const session = await createSession(b.model(), only(fake('full', { log })));
    log.length = 0;
    const reason = new Error('no longer needed');
    await expect(session.run(b.batch(1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(log).toEqual([]);
    const controller = new AbortController();
    const running = session.run(b.batch(1), { signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(log).toEqual(['upload']);
    expect((await session.run(b.batch(1))).shape).toEqual([1, 5]);
  });

  it('rejects after dispose, also runs in flight', async () => {
    const b = net();
    const log: string[] = [];
    const session = await createSession(b.model(), only(fake('full', { log })));
    const running = session.run(b.batch(1));
    session.dispose();
    session.dispose();
    await expect(running).rejects.toThrow('this session has been disposed');
    await expect(session.run(b.batch(1))).rejects.toThrow('this session has been disposed');
    expect(log.filter(call => call === 'dispose')).toHaveLength(1);
  });

  it('frees each value once its last reader has run', async () => {
    const b = new ModelBuilder([4, 4, 2], 3);
    let last = INPUT;
    for (let i = 0; i < 6; i++) last = b.plain(last, 'softmax');
    let live = 0;
    let most = 0;
    const candidate = fake('counting');
    const load = candidate.load;
    const counted = <B extends { dispose(): void }>(buffer: B): B => {
      most = Math.max(most, ++live);
      const dispose = buffer.dispose.bind(buffer);
      buffer.dispose = () => {
        live--;
        dispose();
      };
      return buffer;
    };
    candidate.load = async () => {
      const make = await load();
      return () => {
        const backend = make();
        const { alloc, upload } = backend;
        return {
          ...backend,
          alloc: spec => counted(alloc(spec)),
          upload: (v, what) => counted(upload(v, what)),
        };
      };
    };
    const session = await createSession(b.model(), only(candidate));
    await session.run(b.batch(1));
    expect(most).toBe(2);
    expect(live).toBe(0);
  });
});

/** A program that gives the same output for every batch. */
function program(execute: Program['execute'], dispose = () => {}): Program {
  return {
    weightBytes: [11, 22, 33, 44, 55],
    arenaBytes: batch => 1000 * batch,
    execute,
    profile: () => Array.from({ length: 10 }, (_, i) => ({ runs: 2, us: i })),
    dispose,
  };
}

describe('a backend with compile', () => {
  it('gets the whole plan once, when it has every operation, and then only inputs', async () => {
    const calls: unknown[][] = [];
    const execute = async (...call: unknown[]) => {
      calls.push(call);
      return [tensor([1, 5], Float32Array.of(1, 2, 3, 4, 5))];
    };
    const plans: Plan[] = [];
    const b = net();
    const log: string[] = [];
    const compile = (plan: Plan) => {
      plans.push(plan);
      return program(execute, () => log.push('dispose program'));
    };
    const session = await createSession(b.model(), only(fake('whole', { compile, log })));
    const batch = b.batch(1);
    const { signal } = new AbortController();
    expect((await session.run(batch, { signal })).data).toEqual(Float32Array.of(1, 2, 3, 4, 5));
    await session.run(batch);
    expect(plans).toEqual([expect.objectContaining({ version: 1 })]);
    expect(calls).toEqual([
      [[batch], signal],
      [[batch], undefined],
    ]);
    expect(session.opsByBackend).toEqual({ whole: 10 });
    const { arenaBytes, steps } = session.explain();
    expect(arenaBytes).toBe(1000);
    expect(steps[2]).toMatchObject({ product: '1/2', backend: 'whole', isa: 'wide' });
    const { weights } = plans[0].steps[2];
    expect(steps[2].weightBytes).toBe(11 * (weights! + 1));
    expect(session.profile()[2]).toEqual({
      nodes: steps[2].nodes,
      op: 'conv2d',
      product: '1/2',
      isa: 'wide',
      runs: 2,
      us: 2,
    });
    session.dispose();
    expect(log).toEqual(['init {}', 'dispose program', 'dispose']);
    expect(() => session.profile()).toThrow('this session has been disposed');
  });

  it('has its refusal of a parameter passed on, and is disposed', async () => {
    const log: string[] = [];
    const compile = () => {
      throw new RangeError('parameter "conv0/w": k is too large');
    };
    const attempt = createSession(net().model(), only(fake('picky', { compile, log })));
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow('parameter "conv0/w": k is too large');
    expect(log.at(-1)).toBe('dispose');
  });

  it('rejects runs in flight after dispose, whatever the backend says', async () => {
    let end = (_: Error) => {};
    const execute = () => new Promise<Tensor[]>((_, reject) => (end = reject));
    const b = net();
    const session = await createSession(b.model(), only(fake('whole', { compile: () => program(execute) })));
    const running = session.run(b.batch(1));
    session.dispose();
    end(new Error('the program has been disposed'));
    await expect(running).rejects.toThrow('this session has been disposed');
  });

  it('is run step by step when an operation is missing', async () => {
    const compile = () => {
      throw new Error('must not be called');
    };
    const b = net();
    const session = await createSession(b.model(), only(fake('whole', { compile, lacks: ['reshape'] })));
    expect((await session.run(b.batch(1))).shape).toEqual([1, 5]);
    expect(session.opsByBackend).toEqual({ whole: 9, reference: 1 });
  });
});

describe('session.profile', () => {
  it('counts the runs of each step and their time', async () => {
    const b = net();
    const session = await createSession(b.model(), reference);
    expect(session.profile().every(({ runs, us }) => runs === 0 && us === 0)).toBe(true);
    await session.run(b.batch(2));
    await session.run(b.batch(1));
    const profile = session.profile();
    expect(profile.map(step => step.nodes)).toEqual(session.explain().steps.map(step => step.nodes));
    expect(profile.every(({ runs, us, isa }) => runs === 2 && us > 0 && isa === 'js')).toBe(true);
    expect(profile[2]).toMatchObject({ op: 'conv2d', product: '1/2' });
  });
});
