import {
  type DeviceBuffer,
  type Encoding,
  type Epilogue,
  encodingOf,
  type KernelBackend,
  type Op,
  type Tensor,
} from '@apb/core';
import { unpack } from '../../src/oracle/bits.js';
import { padImages } from '../../src/oracle/convolution.js';
import { floats, planesOf, put } from '../../src/values.js';
import { type Broken, changed, type Layer, overwrite, remembering, runWith } from './wrap.js';

/** Faults of matrix products and convolutions with what follows them. */
export const brokenLayers: Broken[] = [
  {
    name: 'pads with code 0 instead of a real zero',
    make: layer((inner, op, inputs, out, l) => {
      const { spec } = inputs[0];
      const g = l.use.geometry;
      if (!g || spec.kind !== 'planes') return false;
      const padded = padImages(unpack(inner.exportPlanes(inputs[0])), spec.shape, g.pads, 0);
      const x = put(inner, planesOf({ ...spec, shape: padded.shape, codes: Uint8Array.from(padded.data) }));
      const use = { ...l.use, geometry: { ...g, pads: [0, 0, 0, 0] as const } };
      runWith(inner, op, [x, ...inputs.slice(1)], out, { ...l, use });
      return true;
    }),
    fails: ['conv2d:1/1', 'conv2d:1/2', 'conv2d:2/2', 'conv2d:1/8'],
    says: /3x3|sparse part/,
    spares: ['gemm:1/1', 'conv2d:1/32'],
  },
  {
    name: 'drops the full-precision weights where the window meets padding',
    make: layer((inner, op, inputs, out, l) => {
      const g = l.use.geometry;
      if (!g || l.weights.kind !== 'apb' || out.spec.kind !== 'float') return false;
      const binary = { ...l.weights, positions: new Uint32Array(0), values: new Float32Array(0) };
      const [, h, w] = inputs[0].spec.shape;
      const [whole, bare] = [l.weights, binary].map(weights => {
        const result = inner.alloc(out.spec);
        runWith(inner, op, inputs, result, { ...l, weights });
        return inner.download(result);
      });
      const [, oh, ow, c] = out.spec.shape;
      for (let at = 0; at < whole.data.length; at++) {
        const pixel = Math.floor(at / c);
        const y = (Math.floor(pixel / ow) % oh) * g.strides[0] - g.pads[0];
        const x = (pixel % ow) * g.strides[1] - g.pads[1];
        const outside =
          y < 0 ||
          x < 0 ||
          y + g.dilations[0] * (g.kernel[0] - 1) >= h ||
          x + g.dilations[1] * (g.kernel[1] - 1) >= w;
        if (outside) whole.data[at] = bare.data[at];
      }
      overwrite(inner, out, floats(whole.shape, whole.data));
      return true;
    }),
    fails: ['conv2d:1/1', 'conv2d:1/2', 'conv2d:1/32'],
    says: /sparse part border/,
    spares: ['gemm:1/1', 'conv2d:2/2'],
  },
  {
    name: 'swaps the pads above and below',
    make: changed(inner => ({
      prepareWeights(weights, use) {
        const g = use.geometry;
        if (!g) return inner.prepareWeights(weights, use);
        const [top, left, bottom, right] = g.pads;
        return inner.prepareWeights(weights, {
          ...use,
          geometry: { ...g, pads: [bottom, left, top, right] },
        });
      },
    })),
    fails: ['conv2d:1/1', 'conv2d:1/32', 'conv2d:32/32'],
    says: /float64 result allows/,
    spares: ['gemm:1/1'],
  },
  {
    name: 'drops the base of the codes',
    make: layer((inner, op, inputs, out, l, weights) => {
      const { spec } = inputs[0];
      if (spec.kind !== 'planes' || spec.encoding.kind !== 'code') return false;
      const encoding: Encoding = { ...spec.encoding, base: 0 };
      const x = inner.importPlanes(inner.exportPlanes(inputs[0]), encoding, spec.shape);
      inner.run(op, [x, ...inputs.slice(1)], out, weights);
      return l !== undefined;
    }),
    fails: ['gemm:1/2', 'gemm:2/2', 'conv2d:1/4'],
    says: /float64 result allows/,
    spares: ['gemm:1/32', 'gemmInt:1/2'],
  },
  {
    name: 'multiplies dequantized floats: right within rounding, not in every bit',
    make: layer((inner, op, inputs, out, l) => {
      const { spec } = inputs[0];
      if (spec.kind !== 'planes' || l.weights.kind !== 'apb') return false;
      const x = inner.alloc({ kind: 'float', shape: spec.shape });
      inner.run({ op: 'dequantize' }, [inputs[0]], x);
      runWith(inner, op, [x, ...inputs.slice(1)], out, { ...l, use: { ...l.use, activationBits: 32 } });
      return true;
    }),
    fails: ['gemm:1/1', 'gemm:1/2', 'conv2d:1/1', 'conv2d:1/2'],
    says: /expected exactly/,
    spares: ['gemm:2/2', 'gemm:1/32'],
  },
  {
    name: 'contracts scale and shift into one fused multiply-add',
    make: layer((inner, op, inputs, out, l) => {
      if (op.op !== 'gemm' && op.op !== 'conv2d') return false;
      const { scale, shift, activation, quantizer } = op.epilogue;
      if (inputs.length > 1 || activation.kind !== 'none' || quantizer) return false;
      const p = unscaled(inner, op, inputs, out, l);
      // Both products are exact in float64; the sum rounds to float64 first, which moves no result of these sizes.
      const fused = p.data.map((v, i) => Math.fround(v * scale[i % scale.length] + shift[i % scale.length]));
      overwrite(inner, out, floats(p.shape, fused));
      return true;
    }),
    fails: ['gemm:1/1', 'gemm:1/2', 'conv2d:2/4'],
    says: /scaled: result: index \d+ is .* expected exactly/,
    spares: ['gemmInt:1/1', 'affine'],
  },
  {
    name: 'adds the residual after the activation',
    make: layer((inner, op, inputs, out, l) => {
      if (op.op !== 'gemm' && op.op !== 'conv2d') return false;
      if (inputs.length < 2 || out.spec.kind !== 'float') return false;
      const y = inner.alloc(out.spec);
      runWith(inner, op, [inputs[0]], y, l);
      inner.run({ op: 'add', activation: { kind: 'none' } }, [y, inputs[1]], out);
      return true;
    }),
    fails: ['gemm:1/1', 'conv2d:1/2', 'gemm:32/32'],
    says: /residual prelu/,
    spares: ['add'],
  },
  {
    name: 'takes -0 for negative behind a product',
    make: layer((inner, op, inputs, out, l) => {
      if ((op.op !== 'gemm' && op.op !== 'conv2d') || op.epilogue.quantizer?.kind !== 'sign') return false;
      const { quantizer, ...epilogue } = op.epilogue;
      const y = inner.alloc({ kind: 'float', shape: out.spec.shape });
      runWith(inner, { op: op.op, epilogue }, inputs, y, l);
      const codes = Uint8Array.from(inner.download(y).data, v => (v < 0 || Object.is(v, -0) ? 1 : 0));
      overwrite(inner, out, planesOf({ shape: out.spec.shape, encoding: encodingOf(quantizer), codes }));
      return true;
    }),
    fails: ['gemm:1/1', 'gemm:1/2', 'gemm:2/2'],
    says: /to signs.*the code at/,
    spares: ['quantize'],
  },
];

/** Replaces runs of gemm and conv2d; returning false leaves a run to the reference. */
function layer(
  instead: (
    inner: KernelBackend,
    op: Op,
    inputs: readonly DeviceBuffer[],
    out: DeviceBuffer,
    layer: Layer,
    weights: Parameters<KernelBackend['run']>[3],
  ) => boolean,
): Broken['make'] {
  return changed(inner => {
    const { prepareWeights, layerOf } = remembering(inner);
    return {
      prepareWeights,
      run(op, inputs, out, weights) {
        const l = layerOf(weights);
        // The reference goes first, so that what must be refused still is.
        inner.run(op, inputs, out, weights);
        if (l) instead(inner, op, inputs, out, l, weights);
      },
    };
  });
}

/** The product before scale and shift. */
function unscaled(
  inner: KernelBackend,
  op: Op,
  inputs: readonly DeviceBuffer[],
  out: DeviceBuffer,
  l: Layer,
): Tensor {
  const channels = out.spec.shape[out.spec.shape.length - 1];
  const epilogue: Epilogue = {
    scale: new Float32Array(channels).fill(1),
    shift: new Float32Array(channels).fill(-0),
    activation: { kind: 'none' },
  };
  const product = inner.alloc(out.spec);
  runWith(inner, { ...op, epilogue } as Op, inputs, product, l);
  return inner.download(product);
}
