import {
  type BackendFactory,
  type Capabilities,
  createReferenceBackend,
  type DeviceBuffer,
  type KernelBackend,
  opNames,
  type Plan,
  type PreparedWeights,
  type Program,
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

/** Programs for the reference: step by step, on the copy that `read` makes of the input. */
function compiling(
  read: (input: Tensor) => Tensor | Promise<Tensor>,
  change: (program: Program) => Partial<Program> = () => ({}),
): BackendFactory {
  return changed(inner => ({
    compile(plan) {
      const program = steps(inner, plan, read);
      return { ...program, ...change(program) };
    },
  }));
}

function steps(inner: KernelBackend, plan: Plan, read: (input: Tensor) => Tensor | Promise<Tensor>): Program {
  const weights = plan.weights.map(entry => named(inner, entry));
  const kept = plan.steps.map(step => ({ ...step, op: structuredClone(step.op) }));
  const written = new Set([plan.input]);
  for (const { inputs, output } of kept) {
    if (inputs.some(index => !written.has(index))) throw new RangeError('a step reads too early');
    written.add(output);
  }
  const ran = kept.map(() => 0);
  let disposed = false;
  return {
    weightBytes: weights.map(w => w.bytes),
    arenaBytes: batch => 10_000 * batch,
    profile: () => ran.map(runs => ({ runs, us: 1 })),
    dispose: () => {
      disposed = true;
    },
    async execute(inputs, signal) {
      if (disposed) throw new Error('the program has been disposed');
      signal?.throwIfAborted();
      const { shape } = plan.buffers[plan.input];
      if (inputs.length !== 1 || String(inputs[0].shape.slice(1)) !== String(shape) || inputs[0].shape[0] < 1)
        throw new RangeError('the input does not fit');
      const { data } = await read(inputs[0]);
      signal?.throwIfAborted();
      const buffers: DeviceBuffer[] = plan.buffers.map(b =>
        inner.alloc({ ...b, shape: [inputs[0].shape[0], ...b.shape] }),
      );
      buffers[plan.input] = inner.upload({ shape: inputs[0].shape, data });
      kept.forEach((step, i) => {
        const from = step.inputs.map(index => buffers[index]);
        inner.run(
          step.op,
          from,
          buffers[step.output],
          step.weights === undefined ? undefined : weights[step.weights],
        );
        ran[i]++;
      });
      return [inner.download(buffers[plan.output])];
    },
  };
}

function named(inner: KernelBackend, { name, weights, use }: Plan['weights'][number]): PreparedWeights {
  try {
    return inner.prepareWeights(weights, use);
  } catch (error) {
    throw new RangeError(`parameter "${name}": ${(error as Error).message}`);
  }
}

describe('execute', () => {
  const check = async (make: BackendFactory) =>
    (await checkBackend(make, { required: [] }, c => c.op === 'execute')).map(f => f.name);
  const copy = ({ shape, data }: Tensor): Tensor => ({ shape, data: data.slice() });

  it('is skipped with the reason where it is absent', async () => {
    const { cases } = await conformanceCases(createReferenceBackend, { required: [] });
    const whole = cases.filter(c => c.op === 'execute');
    expect(whole.length).toBeGreaterThan(0);
    for (const one of whole) expect(one.skipped).toBe('the backend has no compile');
  });

  it('passes programs that run the plan', async () => {
    expect(await check(compiling(copy))).toEqual([]);
  });

  it('fails one that reads its input after it returned', async () => {
    const late = compiling(async input => {
      await new Promise(resolve => setTimeout(resolve));
      return copy(input);
    });
    expect(await check(late)).toContain(
      'keeps several runs in flight apart and reads its input before it returns',
    );
  });

  it('fails one that ignores the abort signal', async () => {
    const deaf = compiling(copy, program => ({ execute: inputs => program.execute(inputs) }));
    expect(await check(deaf)).toEqual([
      'rejects a run that was aborted, before and after it began, with the reason',
    ]);
  });

  it('fails one that gives an error of its own for the reason', async () => {
    const own = compiling(copy, program => ({
      execute: (inputs, signal) =>
        program.execute(inputs, signal).catch(error => {
          throw signal?.aborted ? new Error('aborted') : error;
        }),
    }));
    expect(await check(own)).toEqual([
      'rejects a run that was aborted, before and after it began, with the reason',
    ]);
  });

  it('fails one that counts no runs, and one that lives after dispose', async () => {
    expect(await check(compiling(copy, () => ({ profile: () => [] })))).toEqual([
      'tells the bytes of weights and of memory, and how often each step ran',
    ]);
    expect(await check(compiling(copy, () => ({ dispose: () => {} })))).toEqual([
      'ends with its program or backend, also where runs are in flight',
    ]);
  });
});
