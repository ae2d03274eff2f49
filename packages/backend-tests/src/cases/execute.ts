import type { ConvGeometry, Encoding, Epilogue, KernelBackend, OpName, Plan, Tensor } from '@apb/core';
import { PLAN_VERSION } from '@apb/core';
import { expectReject, expectSame, expectThat } from '../compare.js';
import { unpack } from '../oracle/bits.js';
import { encodingFor } from '../oracle/codes.js';
import { kernelWeights } from '../oracle/layer.js';
import { globalAveragePool } from '../oracle/pool.js';
import { once, type RandomFor, type Scenario } from '../scenario.js';
import { floats, type Value } from '../values.js';
import { exactFloatInput, exactFloatLayer } from './exactFloats.js';
import { codeQuantizer, makeEpilogue } from './finishes.js';
import { randomLayer } from './layers.js';
import { KnownProduct } from './product.js';

/** What the small network below needs of a backend. */
export const executeNeeds: readonly OpName[] = ['conv2d:32/32', 'conv2d:1/2', 'padChannels', 'globalAvgPool'];

/**
 * A network whose every result is fixed to the last bit: a float convolution that rounds nothing, to 2-bit codes;
 * a 1/2 convolution with the padded input as its residual; the mean over pixels.
 */
export function executeScenarios(randomFor: RandomFor): Scenario[] {
  const networks = once(() => [1, 3].map(batch => network(randomFor(`network of batch ${batch}`), batch)));
  const scenario = (name: string, check: (backend: Whole) => Promise<void>): Scenario => ({
    subject: 'execute',
    name,
    run: async rig => {
      const backend = await rig.fresh({ threads: 3 });
      try {
        await check(backend as Whole);
      } finally {
        backend.dispose();
      }
    },
  });
  return [
    scenario('runs a network bit for bit, batches of 1 and 3', async backend => {
      for (const { plan, input, expected } of networks()) {
        const [got] = await backend.execute(plan, [input]);
        expectSame(floats(got.shape, got.data), expected, `batch ${input.shape[0]}`);
      }
    }),
    scenario('keeps several runs in flight apart and reads its input before it returns', async backend => {
      const [{ plan, input, expected }] = networks();
      const other = { ...input, data: input.data.map(x => -x) };
      const runs = [input, other, input].map(({ shape, data }) => {
        const copy = data.slice();
        const run = backend.execute(plan, [{ shape, data: copy }]);
        copy.fill(3);
        return run;
      });
      const [first, , last] = await Promise.all(runs);
      for (const [got] of [first, last])
        expectSame(floats(got.shape, got.data), expected, 'a run beside others');
      expectThat(
        (await runs[1])[0].data.some((y, i) => y !== first[0].data[i]),
        'the negated input gave the result of the input',
      );
    }),
    scenario('rejects a run that was aborted', async backend => {
      const [{ plan, input }] = networks();
      await expectReject(
        () => backend.execute(plan, [input], AbortSignal.abort()),
        'execute with an aborted signal',
      );
    }),
  ];
}

type Whole = KernelBackend & Required<Pick<KernelBackend, 'execute'>>;

interface Network {
  readonly plan: Plan;
  readonly input: Tensor;
  readonly expected: Value;
}

function network(random: ReturnType<RandomFor>, batch: number): Network {
  const first: ConvGeometry = same3x3(3, 8);
  const second: ConvGeometry = same3x3(8, 8);
  const input = exactFloatInput(random, [batch, 5, 6, 3]);
  const stem = exactFloatLayer(random, 32, { rows: 8, k: 27 });
  const body = randomLayer(random, 1, { rows: 8, k: 72, sparsity: 'few', geometry: second });
  const toCodes: Epilogue = {
    scale: new Float32Array(8).fill(1),
    shift: new Float32Array(8),
    activation: { kind: 'relu' },
    quantizer: codeQuantizer(2, 0, 12),
  };
  const encoding: Encoding = encodingFor(toCodes.quantizer!);
  const hidden = new KnownProduct({
    label: 'stem',
    x: input,
    layer: stem,
    geometry: first,
    exactFloats: true,
  });
  const codes = hidden.expected(toCodes);
  if (codes?.kind !== 'planes') throw new Error('the stem writes planes');
  const x = { shape: codes.shape, encoding, codes: unpack(codes.planes) };
  const known = new KnownProduct({ label: 'body', x, layer: body, geometry: second });
  const epilogue = makeEpilogue(random, 'residual prelu', 8, known.size);
  const wide = Float32Array.from({ length: batch * 30 * 8 }, (_, i) =>
    i % 8 < 3 ? input.data[Math.floor(i / 8) * 3 + (i % 8)] : 0,
  );
  const y = known.expected(epilogue, wide);
  if (y?.kind !== 'float') throw new Error('the body writes floats');
  const plan: Plan = {
    version: PLAN_VERSION,
    buffers: [
      { kind: 'float', shape: [5, 6, 3] },
      { kind: 'planes', shape: [5, 6, 8], encoding },
      { kind: 'float', shape: [5, 6, 8] },
      { kind: 'float', shape: [5, 6, 8] },
      { kind: 'float', shape: [8] },
    ],
    weights: [
      { name: 'stem', weights: kernelWeights(stem), use: { activationBits: 32, geometry: first } },
      { name: 'body', weights: kernelWeights(body), use: { activationBits: 2, geometry: second } },
    ],
    steps: [
      { nodes: ['stem'], op: { op: 'conv2d', epilogue: toCodes }, inputs: [0], output: 1, weights: 0 },
      { nodes: ['widen'], op: { op: 'padChannels', before: 0, after: 5 }, inputs: [0], output: 2 },
      { nodes: ['body'], op: { op: 'conv2d', epilogue }, inputs: [1, 2], output: 3, weights: 1 },
      { nodes: ['mean'], op: { op: 'globalAvgPool' }, inputs: [3], output: 4 },
    ],
    input: 0,
    output: 4,
  };
  return { plan, input, expected: floats([batch, 8], globalAveragePool(y.data, y.shape)) };
}

function same3x3(inChannels: number, outChannels: number): ConvGeometry {
  return {
    inChannels,
    outChannels,
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [1, 1, 1, 1],
    groups: 1,
  };
}
