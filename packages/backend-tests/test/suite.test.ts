import {
  type BackendFactory,
  type Capabilities,
  createReferenceBackend,
  type DeviceBuffer,
  type KernelBackend,
  opNames,
  type Plan,
  type Tensor,
} from '@apb/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkBackend, conformanceCases } from '../src/index.js';
import { changed } from './broken/wrap.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The reference without some operations. */
function lacking(...missing: string[]): BackendFactory {
  return changed(inner => {
    const without = (all: Capabilities) => ({
      ...all,
      ops: new Set([...all.ops].filter(op => !missing.includes(op))),
    });
    return {
      probe: async () => without((await inner.probe()) as Capabilities),
      get capabilities() {
        return without(inner.capabilities);
      },
    };
  });
}

describe('the list of cases', () => {
  it('covers every operation and every part of the contract', async () => {
    const { cases, close } = await conformanceCases(createReferenceBackend, { required: [] });
    const subjects = new Set(cases.map(c => c.op));
    expect([...subjects].sort()).toEqual(
      [...opNames, 'transfer', 'lifecycle', 'prepareWeights', 'execute'].sort(),
    );
    expect(new Set(cases.map(c => `${c.op} ${c.name}`)).size).toBe(cases.length);
    await close();
  });

  it('skips what is absent with the reason, fails it where required', async () => {
    const { cases } = await conformanceCases(lacking('softmax'), { required: [] });
    const softmax = cases.filter(c => c.op === 'softmax');
    expect(softmax.length).toBeGreaterThan(0);
    for (const one of softmax) expect(one.skipped).toBe('softmax is not among the capabilities');
    const failures = await checkBackend(
      lacking('softmax'),
      { required: ['softmax', 'add'] },
      c => c.op === 'softmax',
    );
    expect(failures.map(f => f.name)).toEqual(['has the required softmax']);
  });

  it('does not let a backend prepare weights for products that it lacks', async () => {
    const without = lacking('gemmInt:1/4', 'gemm:1/4', 'conv2d:1/4');
    const [failure] = await checkBackend(without, { required: [] }, c => c.op === 'prepareWeights');
    expect(failure.error.message).toMatch(/1\/4, not among the capabilities must throw/);
  });

  it('fails an instruction set that cannot be forced', async () => {
    const failures = await checkBackend(
      createReferenceBackend,
      { required: [], isas: ['js', 'avx9'] },
      c => c.op === 'activate',
    );
    expect(new Set(failures.map(f => f.isa))).toEqual(new Set(['avx9']));
    expect(failures[0].error.message).toMatch(/avx9/);
  });

  it('says why a backend is unusable: a failure if something is required, else a skip', async () => {
    const make = changed(() => ({
      probe: async () => ({ unusable: 'No such engine.', fix: 'Install it.' }),
    }));
    const [failure] = await checkBackend(make, { required: ['add'] });
    expect(failure.error.message).toBe('the backend is not usable here: No such engine. Install it.');
    const { cases } = await conformanceCases(make, { required: [] });
    expect(cases.map(c => c.skipped)).toEqual(['No such engine. Install it.']);
  });
});

describe('seeds', () => {
  const wrong = changed(inner => ({
    run(op, inputs, out, weights) {
      inner.run(
        op.op === 'activate' ? { op: 'activate', activation: { kind: 'none' } } : op,
        inputs,
        out,
        weights,
      );
    },
  }));
  const messages = async (seed?: number) => {
    const failures = await checkBackend(wrong, { required: [], seed }, c => c.op === 'activate');
    return failures.map(f => f.error.message);
  };

  it('are printed and replay the failure', async () => {
    const [first] = await messages(77);
    expect(first).toMatch(/seed 77 \(replay with APB_TEST_SEED=77\)/);
    expect(await messages(78)).not.toContain(first);
    vi.stubEnv('APB_TEST_SEED', '77');
    expect(await messages(78)).toContain(first);
  });

  it('must be whole numbers', async () => {
    vi.stubEnv('APB_TEST_SEED', 'seven');
    await expect(messages()).rejects.toThrow('APB_TEST_SEED must be a whole number, got seven');
  });
});

/** A plain execute for the reference: step by step, on the copy that `read` makes of the input. */
function executing(read: (input: Tensor) => Tensor | Promise<Tensor>): BackendFactory {
  return changed(inner => ({
    async execute(plan: Plan, [input]: readonly Tensor[], signal?: AbortSignal) {
      const reading = read(input);
      signal?.throwIfAborted();
      return [steps(inner, plan, await reading)];
    },
  }));
}

function steps(inner: KernelBackend, plan: Plan, input: Tensor): Tensor {
  const buffers: DeviceBuffer[] = plan.buffers.map(b =>
    inner.alloc({ ...b, shape: [input.shape[0], ...b.shape] }),
  );
  buffers[plan.input] = inner.upload(input);
  for (const { op, inputs, output, weights } of plan.steps) {
    const layer = weights === undefined ? undefined : plan.weights[weights];
    const prepared = layer && inner.prepareWeights(layer.weights, layer.use);
    const from = inputs.map(i => buffers[i]);
    inner.run(op, from, buffers[output], prepared);
  }
  return inner.download(buffers[plan.output]);
}

describe('execute', () => {
  const check = (make: BackendFactory) => checkBackend(make, { required: [] }, c => c.op === 'execute');
  const copy = ({ shape, data }: Tensor): Tensor => ({ shape, data: data.slice() });

  it('is skipped with the reason where it is absent', async () => {
    const { cases } = await conformanceCases(createReferenceBackend, { required: [] });
    const whole = cases.filter(c => c.op === 'execute');
    expect(whole.length).toBeGreaterThan(0);
    for (const one of whole) expect(one.skipped).toBe('the backend has no execute');
  });

  it('passes an execute that runs the plan', async () => {
    expect(await check(executing(copy))).toEqual([]);
  });

  it('fails one that reads its input after it returned', async () => {
    const late = executing(async input => {
      await new Promise(resolve => setTimeout(resolve));
      return copy(input);
    });
    expect((await check(late)).map(f => f.name)).toEqual([
      'keeps several runs in flight apart and reads its input before it returns',
    ]);
  });

  it('fails one that ignores the abort signal', async () => {
    const deaf = changed(inner => ({ execute: async (plan, [input]) => [steps(inner, plan, copy(input))] }));
    expect((await check(deaf)).map(f => f.name)).toEqual(['rejects a run that was aborted']);
  });
});
