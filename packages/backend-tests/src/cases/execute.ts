import type { KernelBackend, Plan, Program, Tensor } from '@apb/core';
import { expectReject, expectSame, expectThat, expectThrow } from '../compare.js';
import { once, type RandomFor, type Scenario } from '../scenario.js';
import { floats } from '../values.js';
import { type Network, network, same3x3 } from './network.js';

/** What a compiled network owes: results, isolation of runs, refusals, an end. */
export function executeScenarios(randomFor: RandomFor): Scenario[] {
  const networks = once(() => [1, 3].map(batch => network(randomFor(`network of batch ${batch}`), batch)));
  const scenario = (name: string, check: (compile: Compile) => Promise<void>): Scenario => ({
    subject: 'execute',
    name,
    run: async rig => {
      const backend = await rig.fresh({ threads: 3 });
      try {
        await check(Object.assign((plan: Plan) => (backend as Whole).compile(plan), { backend }));
      } finally {
        backend.dispose();
      }
    },
  });
  const expectRun = async (program: Program, { input, expected }: Network) => {
    const [got, ...more] = await program.execute([input]);
    expectThat(more.length === 0, `a network has one output, got ${more.length + 1}`);
    expectTensor(got, expected, `batch ${input.shape[0]}`);
  };
  return [
    scenario('runs a network bit for bit, one program for batches of 1, 3 and 1 again', async compile => {
      const [one, three] = networks();
      const program = compile(one.plan);
      // The second network has other weights: a batch of 3 for the first one is its picture three times.
      const triple = { ...one, input: repeated(one.input, 3), expected: repeated(one.expected, 3) };
      for (const known of [one, triple, one]) await expectRun(program, known);
      await expectRun(compile(three.plan), three);
    }),
    scenario('keeps several runs in flight apart and reads its input before it returns', async compile => {
      const [{ plan, input, expected }] = networks();
      const program = compile(plan);
      const other = { ...input, data: input.data.map(x => -x) };
      const runs = Array.from({ length: 12 }, (_, i) => {
        const { shape, data } = i === 1 ? other : input;
        const copy = data.slice();
        const run = program.execute([{ shape, data: copy }]);
        copy.fill(3);
        return run;
      });
      const outputs = await Promise.all(runs);
      outputs.forEach(([got], i) => {
        if (i !== 1) expectTensor(got, expected, `run ${i} beside others`);
      });
      expectThat(
        outputs[1][0].data.some((y, i) => y !== outputs[0][0].data[i]),
        'the negated input gave the result of the input',
      );
    }),
    scenario('does not need the plan or its weights after compiling', async compile => {
      const [known] = networks();
      const plan = structuredClone(known.plan);
      const program = compile(plan);
      for (const { weights } of plan.weights) if (weights.kind === 'float') weights.values.fill(9);
      for (const { op } of plan.steps) if (op.op === 'conv2d') op.epilogue.scale.fill(9);
      await expectRun(program, known);
    }),
    scenario('tells the bytes of weights and of memory, and how often each step ran', async compile => {
      const [known] = networks();
      const program = compile(known.plan);
      expectThat(
        program.weightBytes.length === known.plan.weights.length && program.weightBytes.every(b => b > 0),
        `weightBytes is [${program.weightBytes}]`,
      );
      // At least the input and the first layer's planes are there at the same time.
      expectThat(program.arenaBytes(1) >= 5 * 6 * 3 * 4 + 60, `arenaBytes(1) is ${program.arenaBytes(1)}`);
      expectThat(program.arenaBytes(8) > program.arenaBytes(1), 'a larger batch takes no more memory');
      for (let i = 0; i < 3; i++) await expectRun(program, known);
      const profile = program.profile();
      expectThat(
        profile.length === known.plan.steps.length && profile.every(({ runs, us }) => runs === 3 && us >= 0),
        `after three runs the profile is ${JSON.stringify(profile)}`,
      );
    }),
    scenario('rejects a run that was aborted, before and after it began, with the reason', async compile => {
      const [known] = networks();
      const program = compile(known.plan);
      const reason = new Error('no longer needed');
      const before = program.execute([known.input], AbortSignal.abort(reason));
      const controller = new AbortController();
      const during = program.execute([known.input], controller.signal);
      controller.abort(reason);
      for (const outcome of await Promise.allSettled([before, during]))
        expectThat(
          outcome.status === 'rejected' && outcome.reason === reason,
          `an aborted run ended with ${JSON.stringify(outcome)}`,
        );
      await expectRun(program, known);
    }),
    scenario('refuses inputs that do not fit or are not finite', async compile => {
      const [{ plan, input }] = networks();
      const program = compile(plan);
      const nan = input.data.slice();
      nan[5] = Number.NaN;
      const wrong: [string, Tensor[]][] = [
        ['no input', []],
        ['a picture of another shape', [{ shape: [1, 6, 5, 3], data: input.data }]],
        ['a batch of 0', [{ shape: [0, 5, 6, 3], data: new Float32Array(0) }]],
        ['too few values', [{ shape: [2, 5, 6, 3], data: input.data }]],
        ['NaN', [{ shape: input.shape, data: nan }]],
      ];
      for (const [what, inputs] of wrong)
        await expectReject(() => program.execute(inputs), what, { range: true });
    }),
    scenario('refuses a plan whose weights or steps are wrong, naming the parameter', async compile => {
      const [{ plan }] = networks();
      const [stem, body] = plan.weights;
      const bad = {
        ...body,
        name: 'odd one',
        use: { ...body.use, geometry: { ...same3x3(8, 8), groups: 3 } },
      };
      expectThrow(() => compile({ ...plan, weights: [stem, bad] }), 'compiling wrong weights', {
        range: true,
        mention: 'parameter "odd one": ',
      });
      const [first, ...rest] = plan.steps;
      expectThrow(() => compile({ ...plan, steps: [...rest, first] }), 'compiling steps in the wrong order', {
        range: true,
      });
    }),
    scenario('ends with its program or backend, also where runs are in flight', async compile => {
      const [known] = networks();
      const program = compile(known.plan);
      const disposed = compile(known.plan);
      disposed.dispose();
      disposed.dispose();
      await expectReject(() => disposed.execute([known.input]), 'execute after dispose of the program');
      await expectRun(program, known);
      const runs = Array.from({ length: 12 }, () => program.execute([known.input]));
      compile.backend.dispose();
      for (const run of await Promise.allSettled(runs))
        if (run.status === 'fulfilled')
          expectTensor(run.value[0], known.expected, 'a run that was in flight at dispose');
        else expectThat(run.reason instanceof Error, `a run in flight at dispose ended with ${run.reason}`);
      await expectReject(() => program.execute([known.input]), 'execute after dispose of the backend');
    }),
  ];
}

type Whole = KernelBackend & Required<Pick<KernelBackend, 'compile'>>;
type Compile = ((plan: Plan) => Program) & { readonly backend: KernelBackend };

function expectTensor(got: Tensor, expected: Tensor, what: string): void {
  expectSame(floats(got.shape, got.data), floats(expected.shape, expected.data), what);
}

/** A batch of one picture, several times. */
function repeated({ shape: [, ...picture], data }: Tensor, times: number): Tensor {
  const length = times * data.length;
  return { shape: [times, ...picture], data: Float32Array.from({ length }, (_, i) => data[i % data.length]) };
}
