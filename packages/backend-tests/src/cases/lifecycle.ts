import {
  CONTRACT_VERSION,
  type IntProduct,
  intProducts,
  isUnusable,
  type KernelBackend,
  type OpName,
  opNames,
  type Planes,
} from '@apb/core';
import { expectReject, expectSameBits, expectThat, expectThrow } from '../compare.js';
import { kernelWeights } from '../oracle/layer.js';
import { labelled, type Problem, type RandomFor, type Scenario, solve } from '../scenario.js';
import { junk, planesOf, put } from '../values.js';
import { tinyIntProduct } from './gemmInt.js';

/** From init to dispose: what a backend says of itself, and that nothing works after its end. */
export function lifecycleScenarios(): Scenario[] {
  const scenario = (name: string, run: Scenario['run']): Scenario => ({ subject: 'lifecycle', name, run });
  return [
    scenario('says what it is and runs the forced instruction set', async rig => {
      const backend = await rig.fresh({ threads: 1 });
      const { isas, isa, threads, ops } = backend.capabilities;
      expectThat(backend.name.length > 0, 'the name is empty');
      expectThat(
        backend.contractVersion === CONTRACT_VERSION,
        `contractVersion is ${backend.contractVersion}, this suite checks ${CONTRACT_VERSION}`,
      );
      expectThat(isa === rig.isa, `runs ${isa} though ${rig.isa} was forced`);
      expectThat(isas.includes(isa), `isas ${isas} lack the one in use, ${isa}`);
      expectThat(threads === 1, `runs ${threads} threads though the limit is 1`);
      for (const op of ops) expectThat(opNames.includes(op), `capabilities name the unknown op ${op}`);
      backend.dispose();
    }),
    scenario('probes the same before and after use', async rig => {
      const backend = await rig.fresh();
      const probe = await backend.probe();
      expectThat(!isUnusable(probe), 'unusable after init');
      expectThat(
        [...probe.ops].sort().join() === [...backend.capabilities.ops].sort().join(),
        'probe and capabilities differ',
      );
      backend.dispose();
    }),
    scenario('refuses an instruction set that is absent', rig =>
      expectReject(
        () => rig.fresh({ isa: 'no-such-instruction-set' }),
        'init with an absent instruction set',
      ),
    ),
    scenario('a disposed buffer holds nothing', async rig => {
      const backend = await rig.shared();
      const floats = backend.upload({ shape: [3], data: Float32Array.of(1, 2, 3) });
      const planes = junk(backend, {
        kind: 'planes',
        shape: [2, 9],
        encoding: { kind: 'sign', bits: 1, scale: 1 },
      });
      for (const buffer of [floats, planes, floats, planes]) buffer.dispose();
      expectThrow(() => backend.download(floats), 'download of a disposed buffer');
      expectThrow(() => backend.exportPlanes(planes), 'exportPlanes of a disposed buffer');
    }),
    scenario('download takes floats, exportPlanes planes', async rig => {
      const backend = await rig.shared();
      const floats = backend.upload({ shape: [3], data: Float32Array.of(1, 2, 3) });
      const planes = junk(backend, {
        kind: 'planes',
        shape: [2, 9],
        encoding: { kind: 'sign', bits: 1, scale: 1 },
      });
      expectThrow(() => backend.download(planes), 'download of planes');
      expectThrow(() => backend.exportPlanes(floats), 'exportPlanes of floats');
      const foreign = { spec: floats.spec, dispose() {} };
      expectThrow(() => backend.download(foreign), 'download of an object that is no buffer');
      for (const buffer of [floats, planes]) buffer.dispose();
    }),
    scenario('a disposed backend does nothing, and disturbs no other', async rig => {
      const [ended, other] = [await rig.fresh(), await rig.fresh()];
      const data = Float32Array.of(1, -0, 3);
      const [buffer, second] = [ended.upload({ shape: [3], data }), ended.upload({ shape: [3], data })];
      const kept = other.upload({ shape: [3], data });
      ended.dispose();
      ended.dispose();
      expectThrow(() => ended.download(buffer), 'download from a disposed backend');
      expectThrow(() => ended.upload({ shape: [3], data }), 'upload to a disposed backend');
      expectThrow(() => ended.alloc({ kind: 'float', shape: [3] }), 'alloc of a disposed backend');
      const planes: Planes = { kind: 'sign', bits: 1, rows: 1, k: 3, words: Uint32Array.of(5) };
      const encoding = { kind: 'sign', bits: 1, scale: 1 } as const;
      expectThrow(() => ended.importPlanes(planes, encoding), 'importPlanes to a disposed backend');
      const none = { positions: new Uint32Array(0), values: new Float32Array(0) };
      const weights = { kind: 'apb', signs: planes, scales: Float32Array.of(1), ...none } as const;
      expectThrow(
        () => ended.prepareWeights(weights, { activationBits: 1 }),
        'prepareWeights of a disposed backend',
      );
      expectThrow(() => ended.run({ op: 'reshape' }, [buffer], second), 'run of a disposed backend');
      buffer.dispose();
      expectSameBits(other.download(kept).data, data, 'another instance after the disposal');
      other.dispose();
    }),
  ];
}

/** For every operation: disposed or unfitting buffers and weights are refused, and the operation works afterwards. */
export function misuseScenarios(all: readonly Scenario[], randomFor: RandomFor): Scenario[] {
  const name = 'refuses what is disposed or does not fit, and works afterwards';
  const runs = opNames.flatMap((op): Scenario[] => {
    const problems = all.find(s => s.subject === op && s.problems)?.problems;
    if (!problems) return [];
    return [
      {
        subject: op,
        name,
        run: async rig => {
          const problem = problems()[0];
          try {
            misuse(await rig.shared(), problem);
          } catch (error) {
            throw labelled(problem.label, error);
          }
        },
      },
    ];
  });
  const products = intProducts.map((product): Scenario => {
    const subject: OpName = `gemmInt:${product}`;
    const run: Scenario['run'] = async rig => misuseInt(await rig.shared(), product, randomFor);
    return { subject, name, run };
  });
  return [...products, ...runs];
}

function misuse(backend: KernelBackend, problem: Problem): void {
  const { op, out } = problem;
  const fresh = () => ({
    inputs: problem.inputs.map(value => put(backend, value)),
    output: backend.alloc(out),
    weights: problem.weights && backend.prepareWeights(problem.weights.values, problem.weights.use),
  });
  const attempt = (what: string, spoil: (parts: ReturnType<typeof fresh>) => void, without?: 'weights') => {
    const parts = fresh();
    spoil(parts);
    const weights = without ? undefined : parts.weights;
    expectThrow(() => backend.run(op, parts.inputs, parts.output, weights), what);
    // Disposing again must be harmless, whatever has been disposed above.
    for (const owned of [...parts.inputs, parts.output, parts.weights]) owned?.dispose();
  };
  problem.inputs.forEach((_, i) => {
    attempt(`${op.op} of a disposed input ${i}`, ({ inputs }) => inputs[i].dispose());
  });
  attempt(`${op.op} into a disposed output`, ({ output }) => output.dispose());
  attempt(`${op.op} without its input`, ({ inputs }) => {
    for (const input of inputs.splice(0)) input.dispose();
  });
  const last = out.shape.length - 1;
  for (const wrong of [out.shape[last] + 1, out.shape[last] + 64])
    attempt(`${op.op} into a last axis of ${wrong} instead of ${out.shape[last]}`, parts => {
      parts.output.dispose();
      parts.output = backend.alloc({ ...out, shape: out.shape.with(last, wrong) });
    });
  attempt(`${op.op} into a buffer of the other kind`, parts => {
    parts.output.dispose();
    const signs = {
      kind: 'planes',
      shape: out.shape,
      encoding: { kind: 'sign', bits: 1, scale: 1 },
    } as const;
    parts.output = backend.alloc(out.kind === 'planes' ? { kind: 'float', shape: out.shape } : signs);
  });
  if (problem.weights) {
    attempt(`${op.op} with disposed weights`, ({ weights }) => weights?.dispose());
    attempt(`${op.op} without weights`, () => {}, 'weights');
  }
  problem.check(solve(backend, problem));
}

function misuseInt(backend: KernelBackend, product: IntProduct, randomFor: RandomFor): void {
  const { x, layer } = tinyIntProduct(product, randomFor(`misuse ${product}`));
  const value = planesOf(x);
  const use = { activationBits: x.encoding.bits };
  const a = put(backend, value);
  const weights = backend.prepareWeights(kernelWeights(layer), use);
  const size = x.shape[0] * layer.rows;
  for (const length of [0, size - 1, size + 1])
    expectThrow(
      () => backend.gemmInt(a, weights, new Int32Array(length)),
      `an output of ${length} for ${size} values`,
    );
  const wider = junk(backend, { kind: 'planes', shape: [2, layer.k + 1], encoding: x.encoding });
  expectThrow(() => backend.gemmInt(wider, weights, new Int32Array(size)), 'activations of another k');
  const floats = backend.alloc({ kind: 'float', shape: x.shape });
  expectThrow(() => backend.gemmInt(floats, weights, new Int32Array(size)), 'float activations');
  backend.gemmInt(a, weights, new Int32Array(size));
  weights.dispose();
  weights.dispose();
  expectThrow(() => backend.gemmInt(a, weights, new Int32Array(size)), 'disposed weights');
  const again = backend.prepareWeights(kernelWeights(layer), use);
  a.dispose();
  expectThrow(() => backend.gemmInt(a, again, new Int32Array(size)), 'disposed activations');
  for (const owned of [again, wider, floats]) owned.dispose();
}
