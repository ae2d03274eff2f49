import type { KernelBackend, KernelWeights, WeightUse } from '@apb/core';
import { type Broken, changed } from './wrap.js';

/** Faults of the integer product. */
export const brokenIntegers: Broken[] = [
  {
    name: 'flips a sign bit',
    make: changed(inner => ({
      prepareWeights(weights: KernelWeights, use: WeightUse) {
        if (weights.kind !== 'apb') return inner.prepareWeights(weights, use);
        const words = weights.signs.words.slice();
        words[0] ^= 1;
        return inner.prepareWeights({ ...weights, signs: { ...weights.signs, words } }, use);
      },
    })),
    fails: ['gemmInt:1/1', 'gemmInt:1/2', 'gemm:1/1', 'conv2d:1/4', 'gemm:1/32'],
    says: /first product: index 0 is/,
    spares: ['gemmInt:2/2', 'quantize'],
  },
  {
    name: 'counts the padding bits of a row',
    make: changed(inner => ({
      gemmInt(a, weights, out) {
        inner.gemmInt(a, weights, out);
        const tail = 32 * Math.ceil(weights.k / 32) - weights.k;
        for (let i = 0; i < out.length; i++) out[i] += tail;
      },
    })),
    fails: ['gemmInt:1/1'],
    says: /k 1, random.*first product/,
    spares: ['gemm:1/1', 'conv2d:1/1'],
  },
  {
    name: 'sums in 16 bits',
    make: changed(inner => ({
      gemmInt(a, weights, out) {
        inner.gemmInt(a, weights, out);
        for (let i = 0; i < out.length; i++) out[i] = (out[i] << 16) >> 16;
      },
    })),
    fails: ['gemmInt:1/1', 'gemmInt:1/8', 'gemmInt:2/4'],
    says: /k 70001.*first product/,
    spares: ['gemm:1/8'],
  },
  {
    name: 'adds to what the output held',
    make: changed(inner => ({
      gemmInt(a, weights, out) {
        const held = out.slice();
        inner.gemmInt(a, weights, out);
        if (held[0] === out[0]) out[0] += held[0];
      },
    })),
    fails: ['gemmInt:1/1'],
    says: /second product/,
    spares: ['gemm:1/1'],
  },
  {
    name: 'writes behind the output',
    make: changed(inner => ({
      gemmInt(a, weights, out) {
        inner.gemmInt(a, weights, out);
        const end = out.byteOffset + out.byteLength;
        if (end < out.buffer.byteLength) new Int32Array(out.buffer, end, 1)[0] = 0;
      },
    })),
    fails: ['gemmInt:1/1'],
    says: /the memory around the output/,
    spares: ['gemm:1/1'],
  },
  {
    name: 'takes k whose sums overflow',
    make: changed(inner => ({ prepareWeights: (weights, use) => prepareShort(inner, weights, use) })),
    fails: ['prepareWeights'],
    says: /1\/8, k 8421505 must throw/,
    spares: ['gemmInt:1/8'],
  },
];

function prepareShort(inner: KernelBackend, weights: KernelWeights, use: WeightUse) {
  if (weights.kind !== 'apb' || weights.signs.k < 2 ** 23) return inner.prepareWeights(weights, use);
  const signs = { ...weights.signs, k: 32, words: new Uint32Array(weights.signs.rows) };
  return inner.prepareWeights({ ...weights, signs }, use);
}
