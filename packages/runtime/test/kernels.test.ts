import { type Quantizer, type Tensor, uniformQuantizer } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { createSession, defaultCandidates, probeBackends } from '../src/index.js';
import { residualNet } from './build.js';

const quantizers: Record<string, Quantizer> = {
  sign: { kind: 'sign', scale: 1 },
  '2-bit': uniformQuantizer(2, 0, 1),
  '2-bit with a base': uniformQuantizer(2, -0.5, 1.5),
  '8-bit': uniformQuantizer(8, -1, 3),
};

/** Whole networks on each kernel package that works here, against the reference. */
for (const { name, usable, isas, reason } of await probeBackends(defaultCandidates())) {
  if (name === 'reference') continue;
  describe(`${name} kernels`, () => {
    if (!usable) {
      it('work here', context => context.skip(reason));
      return;
    }
    for (const isa of isas)
      for (const [kind, quantizer] of Object.entries(quantizers))
        it(`${isa}: ${kind} activations give the reference's bits (seeds 21 to 24)`, async () => {
          for (const seed of [21, 22, 23, 24]) {
            // Layers with float input may differ within a bound, and there are none here.
            const b = residualNet(quantizer, seed, 'apb', 'quantized');
            const model = b.model();
            const batch = b.batch(3);
            const outputs: Tensor[] = [];
            for (const backend of [name, 'reference']) {
              const session = await createSession(model, {
                backend,
                isa: backend === name ? isa : undefined,
                env: {},
              });
              if (backend === name) expect(session.opsByBackend[name]).toBeGreaterThan(0);
              outputs.push(await session.run(batch));
              session.dispose();
            }
            expect(new Uint32Array(outputs[0].data.buffer)).toEqual(new Uint32Array(outputs[1].data.buffer));
          }
        });
  });
}
