import { createReferenceBackend, type KernelBackend, type Plan, type Tensor, tensor } from '@apb/core';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultCandidates, planModel } from '../src/index.js';
import { stepProduct } from '../src/place.js';
import { stepwiseRunner } from '../src/runners/stepwise.js';
import { broken, faults } from './brokenBackend.js';
import { nativeIsas } from './nativeSessions.js';
import { describeGraph, type RandomGraph, randomGraph } from './randomGraph.js';
import { bitsOf, checkStep, knownSteps, sameBits } from './stepBounds.js';

/** APB_TEST_GRAPHS graphs from seed APB_TEST_SEED on. */
const count = wholeNumber('APB_TEST_GRAPHS', 40);
const first = wholeNumber('APB_TEST_SEED', 1);
const seeds = Array.from({ length: count }, (_, i) => first + i);
const threadLimits = [1, 2, 3];

const isas = await nativeIsas();
const backends: KernelBackend[] = [];
const reference = await started(createReferenceBackend());
/** Of each instruction set, one backend for each limit. */
const natives: KernelBackend[][] = [];
for (const isa of isas)
  natives.push(await Promise.all(threadLimits.map(async threads => started(await native(), isa, threads))));

afterAll(() => {
  for (const backend of backends) backend.dispose();
});

describe.skipIf(isas.length === 0)('random graphs on native kernels', () => {
  for (const seed of seeds)
    it(`seed ${seed}: every instruction set and number of threads against the unfused reference`, async () => {
      const graph = randomGraph(seed);
      await check(graph).catch(error => {
        const replay = `replay with APB_TEST_SEED=${seed} APB_TEST_GRAPHS=1`;
        throw new Error(`${error.message}\n${replay}\n${describeGraph(graph)}`, { cause: error });
      });
    });
});

describe('random graphs of the default seeds', () => {
  const defaults = Array.from({ length: 40 }, (_, i) => 1 + i);
  const plans = defaults.map(seed => planModel(randomGraph(seed).model));
  const steps = plans.flatMap(plan => plan.steps.map(step => ({ plan, step })));

  it('draw every operation and product', () => {
    const ops = new Set(steps.map(({ step }) => step.op.op));
    expect([...ops].sort()).toEqual(
      ['activate', 'add', 'affine', 'avgPool', 'conv2d', 'dequantize', 'gemm', 'globalAvgPool', 'maxPool']
        .concat(['padChannels', 'quantize', 'reshape', 'softmax', 'subsample'])
        .sort(),
    );
    const products = new Set(steps.map(({ plan, step }) => stepProduct(plan, step)).filter(Boolean));
    expect([...products].sort()).toEqual(['1/1', '1/2', '1/32', '1/4', '1/8', '2/1', '2/2', '2/4', '32/32']);
  });

  it('draw epilogues with everything in them', () => {
    const full = steps.filter(
      ({ step: { op, inputs } }) =>
        'epilogue' in op &&
        op.epilogue.quantizer &&
        op.epilogue.activation.kind !== 'none' &&
        inputs.length > 1,
    );
    expect(full.length).toBeGreaterThan(5);
  });

  for (const [fault, mistake] of Object.entries(faults))
    it(`find a backend with ${fault}`, () => {
      const found = defaults.filter(seed => !passes(seed, broken(reference, mistake)));
      expect(found.length).toBeGreaterThan(1);
    });
});

/** Whether each step of a graph is right on a backend. */
function passes(seed: number, backend: KernelBackend): boolean {
  const { model, batch } = randomGraph(seed);
  const plan = planModel(model);
  const known = knownSteps(plan, batch, reference);
  try {
    for (const step of known) checkStep(plan, step, backend);
    return true;
  } catch {
    return false;
  }
}

async function check({ model, batch, exact }: RandomGraph): Promise<void> {
  const [fused, unfused] = [planModel(model), planModel(model, { fuse: false })];
  // The first picture alone as well; the reference treats pictures one by one.
  const batches = [
    batch,
    tensor([1, ...batch.shape.slice(1)], batch.data.slice(0, batch.data.length / batch.shape[0])),
  ];
  const known = knownSteps(fused, batch, reference);
  const fixed = exact ? bitsOf(await stepwise(unfused, batch, reference)) : undefined;
  for (const [one, ...others] of natives) {
    const { isa } = one.capabilities;
    for (const step of known) checkStep(fused, step, one);
    // With float products each instruction set has results of its own, the same however they are run.
    const expected = fixed ?? bitsOf(await stepwise(unfused, batch, one));
    for (const input of batches) {
      const part = expected.subarray(0, (expected.length / batch.shape[0]) * input.shape[0]);
      const run = `${isa}, batch ${input.shape[0]}`;
      sameBits(bitsOf(await stepwise(fused, input, one)), part, `${run}, step by step`);
      for (const backend of [one, ...others])
        sameBits(await whole(fused, input, backend), part, `${run}, ${backend.capabilities.threads} threads`);
    }
  }
}

/** Step by step; what runs is not this backend's program. */
async function stepwise(plan: Plan, batch: Tensor, backend: KernelBackend): Promise<Tensor> {
  const runner = stepwiseRunner(plan, kept(backend), kept(reference));
  try {
    return await runner.run(batch, () => {});
  } finally {
    runner.dispose();
  }
}

/** The backend under a runner that would dispose of it. */
function kept(backend: KernelBackend): KernelBackend {
  return new Proxy(backend, {
    get(target, key) {
      if (key === 'dispose') return () => {};
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function whole(plan: Plan, batch: Tensor, backend: KernelBackend): Promise<Uint32Array> {
  if (!backend.compile) throw new Error(`${backend.name} cannot run whole networks`);
  const program = backend.compile(plan);
  try {
    const [output] = await program.execute([batch]);
    return bitsOf(output);
  } finally {
    program.dispose();
  }
}

async function native(): Promise<KernelBackend> {
  const candidate = defaultCandidates().find(({ name }) => name === 'native');
  if (!candidate) throw new Error('there is no candidate of native kernels');
  return (await candidate.load())();
}

async function started(backend: KernelBackend, isa?: string, threads?: number): Promise<KernelBackend> {
  await backend.init({ isa, threads });
  backends.push(backend);
  return backend;
}

function wholeNumber(name: string, otherwise: number): number {
  const text = process.env[name];
  if (!text) return otherwise;
  if (!/^\d+$/.test(text)) throw new RangeError(`${name} must be a whole number, got ${text}`);
  return Number(text);
}
