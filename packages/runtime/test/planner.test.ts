import {
  createReferenceBackend,
  INPUT,
  InputError,
  type Plan,
  type Quantizer,
  type Tensor,
  uniformQuantizer,
} from '@apb/core';
import { describe, expect, it } from 'vitest';
import { planModel } from '../src/index.js';
import { stepwiseRunner } from '../src/runners/stepwise.js';
import { type Encoding, ModelBuilder, residualNet } from './build.js';

const twoBit = uniformQuantizer(2, 0, 1);

/** Each step as "nodes: op product?". */
function outline(plan: Plan): string[] {
  return plan.steps.map(({ nodes, op, weights }) => {
    const use = weights === undefined ? undefined : plan.weights[weights];
    const product = use
      ? ` ${{ apb: 1, twoBit: 2, float: 32 }[use.weights.kind]}/${use.use.activationBits}`
      : '';
    const planes = 'epilogue' in op && op.epilogue.quantizer ? ' -> planes' : '';
    return `${nodes.join('+') || '-'}: ${op.op}${product}${planes}`;
  });
}

async function run(plan: Plan, batch: Tensor): Promise<Tensor> {
  const [backend, unused] = [createReferenceBackend(), createReferenceBackend()];
  await Promise.all([backend.init(), unused.init()]);
  const runner = stepwiseRunner(plan, backend, unused);
  try {
    return await runner.run(batch, () => {});
  } finally {
    runner.dispose();
  }
}

/** As integers, so that -0 is not +0. */
const bits = ({ data }: Tensor) => new Uint32Array(data.buffer, data.byteOffset, data.length);

describe('fusing', () => {
  const quantizers: Record<string, Quantizer> = {
    sign: { kind: 'sign', scale: 1 },
    '2-bit': twoBit,
    '2-bit with a base': uniformQuantizer(2, -0.5, 1.5),
    '8-bit': uniformQuantizer(8, -1, 3),
  };
  for (const [name, quantizer] of Object.entries(quantizers))
    for (const inner of ['apb', 'binary', 'kbit', 'sparse'] as const)
      it(`never changes a bit: ${name} activations, ${inner} weights`, async () => {
        for (const seed of [1, 2, 3]) {
          const b = residualNet(quantizer, seed, inner);
          const model = b.model();
          const batch = b.batch(2);
          const fused = await run(planModel(model), batch);
          const unfused = await run(planModel(model, { fuse: false }), batch);
          expect(bits(fused), `seed ${seed}`).toEqual(bits(unfused));
          expect(new Set(fused.data).size).toBeGreaterThan(2);
        }
      });

  it('merges what follows a layer into its epilogue, in order', () => {
    const plan = planModel(residualNet(twoBit, 1).model());
    expect(outline(plan)).toEqual([
      'conv0+norm1+relu2: conv2d 32/32',
      'quantize3: quantize',
      'conv4+norm5+add6+prelu7+quantize8: conv2d 1/2 -> planes',
      // The projection is ready before the layer that takes it as its residual.
      'conv11+norm12: conv2d 1/2',
      'conv9+norm10+add13+relu14+quantize15: conv2d 1/2 -> planes',
      'conv16+clamp17+quantize18: conv2d 1/2 -> planes',
      'flatten19: reshape',
      'dense20+norm21+quantize22: gemm 1/2 -> planes',
      '-: dequantize',
      'dense23: gemm 32/32',
    ]);
    expect(plan.steps[2].inputs).toHaveLength(2);
    expect(plan.buffers[plan.steps[6].output]).toMatchObject({ kind: 'planes', shape: [108] });
  });

  it('leaves every node a step of its own but the batch norms when told so', () => {
    const plan = planModel(residualNet(twoBit, 1).model(), { fuse: false });
    expect(outline(plan).slice(0, 6)).toEqual([
      'conv0+norm1: conv2d 32/32',
      'relu2: activate',
      'quantize3: quantize',
      'conv4+norm5: conv2d 1/2',
      'add6: add',
      'prelu7: activate',
    ]);
  });

  it('does not fuse a value that something else reads', () => {
    const b = new ModelBuilder([4, 4, 2], 5);
    const conv = b.conv(INPUT, 2, 2);
    const norm = b.norm(conv, 2);
    const act = b.plain(norm, 'relu');
    b.add(b.add(act, conv), norm);
    expect(outline(planModel(b.model()))).toEqual([
      'conv0: conv2d 32/32',
      'norm1: affine',
      'relu2: activate',
      'add3: add',
      'add4: add',
    ]);
  });

  it('does not fuse past the output, into an add of a value with itself, or out of order', () => {
    const b = new ModelBuilder([4, 4, 2], 5);
    const conv = b.conv(INPUT, 2, 2);
    b.plain(conv, 'relu');
    expect(outline(planModel(b.model(conv)))).toEqual(['conv0: conv2d 32/32']);

    const twice = new ModelBuilder([4, 4, 2], 5);
    const c = twice.conv(INPUT, 2, 2);
    twice.add(c, c);
    expect(outline(planModel(twice.model()))).toEqual(['conv0: conv2d 32/32', 'add1: add']);

    // relu, then add: the epilogue has them the other way round.
    const late = new ModelBuilder([4, 4, 2], 5);
    late.plain(late.add(late.plain(late.conv(INPUT, 2, 2), 'relu'), INPUT), 'relu');
    expect(outline(planModel(late.model()))).toEqual(['conv0+relu1: conv2d 32/32', 'add2+relu3: add']);

    // Only one of two layers can take their sum.
    const pair = new ModelBuilder([4, 4, 2], 5);
    pair.plain(pair.add(pair.conv(INPUT, 2, 2), pair.conv(INPUT, 2, 2)), 'relu');
    expect(outline(planModel(pair.model()))).toEqual([
      'conv1: conv2d 32/32',
      'conv0+add2+relu3: conv2d 32/32',
    ]);
  });

  it('leaves out nodes the output does not need', () => {
    const b = new ModelBuilder([4, 4, 2], 5);
    const conv = b.conv(INPUT, 2, 2);
    const relu = b.plain(conv, 'relu');
    b.plain(conv, 'globalAvgPool');
    expect(outline(planModel(b.model(relu)))).toEqual(['conv0+relu1: conv2d 32/32']);
  });
});

describe('products', () => {
  const quantizers: Record<string, Quantizer> = {
    1: { kind: 'sign', scale: 1 },
    2: twoBit,
    4: uniformQuantizer(4, 0, 1),
    8: uniformQuantizer(8, 0, 1),
  };
  const packed: Record<string, string> = { apb: '1', binary: '1', kbit: '2' };
  for (const encoding of ['apb', 'binary', 'kbit', 'kbit3', 'ternary', 'sparse', 'float'] as Encoding[])
    it(`${encoding} weights stay packed exactly where there is a product`, () => {
      for (const width of ['1', '2', '4', '8']) {
        const b = new ModelBuilder([4, 4, 2], 5);
        b.conv(b.quantize(INPUT, quantizers[width]), 2, 3, { encoding });
        const weightBits = width === '8' && encoding === 'kbit' ? undefined : packed[encoding];
        expect(outline(planModel(b.model())).slice(1)).toEqual(
          weightBits ? [`conv1: conv2d ${weightBits}/${width}`] : ['-: dequantize', 'conv1: conv2d 32/32'],
        );
      }
      const b = new ModelBuilder([4, 4, 2], 5);
      b.conv(INPUT, 2, 3, { encoding });
      expect(outline(planModel(b.model()))).toEqual([
        `conv0: conv2d ${packed[encoding] === '1' ? '1/32' : '32/32'}`,
      ]);
    });

  it('dequantizes planes once for all float operations that read them', () => {
    const b = new ModelBuilder([4, 4, 2], 5);
    const q = b.quantize(INPUT, twoBit);
    const pooled = b.node({
      name: 'pool',
      inputs: [q],
      op: 'maxPool',
      window: [1, 1],
      strides: [1, 1],
      pads: [0, 0, 0, 0],
    });
    b.add(b.plain(q, 'relu'), pooled);
    const plan = planModel(b.model());
    expect(outline(plan)).toEqual([
      'quantize0: quantize',
      '-: dequantize',
      'pool: maxPool',
      'relu2: activate',
      'add3: add',
    ]);
  });

  it('prepares a parameter that two layers share once', () => {
    const b = new ModelBuilder([4, 4, 2], 5);
    const first = b.conv(INPUT, 2, 2);
    const node = b.nodes[0];
    b.node({ ...node, name: 'again', inputs: [first] });
    const plan = planModel(b.model());
    expect(plan.weights).toHaveLength(1);
    expect(plan.steps.map(step => step.weights)).toEqual([0, 0]);
  });
});

describe('bad models', () => {
  it('names the node whose batch norm overflows', () => {
    const b = new ModelBuilder([4, 4, 2], 5);
    b.norm(b.conv(INPUT, 2, 2, { bias: true }), 2);
    (b.weights['conv0/bias'] as { values: Float32Array }).values.fill(3e38);
    (b.weights['norm1/gamma'] as { values: Float32Array }).values.fill(1e3);
    expect(() => planModel(b.model())).toThrow(InputError);
    expect(() => planModel(b.model())).toThrow(/norm1.*channel 0/);
  });

  it('passes on what shape inference finds', () => {
    const b = new ModelBuilder([4, 4, 2], 5);
    b.dense(INPUT, 32, 2);
    expect(() => planModel(b.model())).toThrow(/dense0.*flatten/);
  });
});
