import type { DeviceBuffer, KernelBackend, Op } from '@apb/core';
import { encodingFor } from '../../src/oracle/codes.js';
import { floats, planesOf, take } from '../../src/values.js';
import { type Broken, changed, overwrite } from './wrap.js';

/** Faults of the operations without weights. */
export const brokenOps: Broken[] = [
  {
    name: 'takes -0 for negative',
    make: after((inner, op, inputs, out) => {
      if (op.op === 'quantize' && op.quantizer.kind === 'sign')
        recode(inner, op, inputs, out, x => (x < 0 || Object.is(x, -0) ? 1 : 0));
    }),
    fails: ['quantize'],
    says: /signs of scale.*the code at/,
    spares: ['gemm:1/1'],
  },
  {
    name: 'flushes subnormal numbers to zero',
    make: after((inner, op, inputs, out) => {
      if (op.op === 'quantize' && op.quantizer.kind === 'sign')
        recode(inner, op, inputs, out, x => (x <= -(2 ** -126) ? 1 : 0));
    }),
    fails: ['quantize'],
    says: /signs of scale.*the code at/,
    spares: ['dequantize'],
  },
  {
    name: 'rounds halves up',
    make: after((inner, op, inputs, out) => {
      const q = op.op === 'quantize' ? op.quantizer : undefined;
      if (q?.kind !== 'code') return;
      recode(inner, op, inputs, out, x => {
        const clipped = Math.min(Math.max(x, q.lo), q.hi);
        return Math.floor(Math.fround(Math.fround(clipped - q.lo) * q.inv) + 0.5);
      });
    }),
    fails: ['quantize'],
    says: /4-bit codes.*the code at/,
    spares: ['gemm:1/1'],
  },
  {
    name: 'divides by the step instead of multiplying by inv',
    make: after((inner, op, inputs, out) => {
      const q = op.op === 'quantize' ? op.quantizer : undefined;
      if (q?.kind !== 'code') return;
      const levels = 2 ** q.bits - 1;
      const width = Math.fround(q.hi - q.lo);
      recode(inner, op, inputs, out, x => {
        const t = Math.fround(Math.min(Math.max(x, q.lo), q.hi) - q.lo);
        const scaled = Math.fround(t / Math.fround(width / levels));
        return 2 * Math.round(scaled / 2) === scaled + 0.5 ? scaled + 0.5 : Math.ceil(scaled - 0.5);
      });
    }),
    fails: ['quantize'],
    says: /the code at/,
    spares: ['dequantize'],
  },
  {
    name: 'lets padding win the maximum',
    make: after((inner, op, _, out) => {
      if (op.op !== 'maxPool' || op.geometry.pads.every(pad => pad === 0)) return;
      const { shape, data } = inner.download(out);
      overwrite(
        inner,
        out,
        floats(
          shape,
          data.map(x => Math.max(x, 0)),
        ),
      );
    }),
    fails: ['maxPool'],
    says: /pads 1,1,1,1.*is 0, expected exactly -/,
    spares: ['avgPool'],
  },
  {
    name: 'always counts the padding in a mean',
    make: after((inner, op, inputs, out) => {
      if (op.op === 'avgPool') inner.run({ ...op, countPadding: true }, inputs, out);
    }),
    fails: ['avgPool'],
    says: /padding not counted/,
    spares: ['maxPool', 'globalAvgPool'],
  },
  {
    name: 'keeps the sign of -0 in a relu',
    make: after((inner, op, inputs, out) => {
      if (op.op !== 'activate' || op.activation.kind !== 'relu') return;
      const { shape, data } = inner.download(inputs[0]);
      overwrite(
        inner,
        out,
        floats(
          shape,
          data.map(x => (Object.is(x, -0) ? x : Math.max(x, 0))),
        ),
      );
    }),
    fails: ['activate'],
    says: /relu: result: index \d+ is -0, expected exactly 0/,
    spares: ['add'],
  },
  {
    name: 'leaves the last value of an output as it was',
    make: changed(inner => ({
      run(op, inputs, out, weights) {
        const before = take(inner, out);
        inner.run(op, inputs, out, weights);
        const now = take(inner, out);
        if (before.kind !== 'float' || now.kind !== 'float') return;
        const at = now.data.length - 1;
        if (!Number.isNaN(before.data[at]))
          overwrite(inner, out, floats(now.shape, now.data.with(at, before.data[at])));
      },
    })),
    fails: ['add', 'gemm:1/1', 'conv2d:32/32', 'reshape'],
    says: /the same run into a buffer that held other data/,
    spares: ['quantize', 'gemmInt:1/1'],
  },
  {
    name: 'changes its input',
    make: after((inner, _, inputs) => {
      const { spec } = inputs[0];
      if (spec.kind === 'float')
        overwrite(
          inner,
          inputs[0],
          floats(
            spec.shape,
            inner.download(inputs[0]).data.map(x => x + 1),
          ),
        );
    }),
    fails: ['activate', 'gemm:1/32', 'maxPool'],
    says: /input 0 after the run/,
    spares: ['gemm:1/1', 'dequantize'],
  },
];

/** Lets the reference run, then spoils something. */
function after(
  spoil: (inner: KernelBackend, op: Op, inputs: readonly DeviceBuffer[], out: DeviceBuffer) => void,
): Broken['make'] {
  return changed(inner => ({
    run(op, inputs, out, weights) {
      inner.run(op, inputs, out, weights);
      spoil(inner, op, inputs, out);
    },
  }));
}

/** Quantizes again, value by value. */
function recode(
  inner: KernelBackend,
  op: Op,
  inputs: readonly DeviceBuffer[],
  out: DeviceBuffer,
  code: (x: number) => number,
): void {
  if (op.op !== 'quantize') return;
  const codes = Uint8Array.from(inner.download(inputs[0]).data, code);
  overwrite(inner, out, planesOf({ shape: out.spec.shape, encoding: encodingFor(op.quantizer), codes }));
}
