import {
  type ActivationBits,
  allocPlanes,
  createReferenceBackend,
  type Encoding,
  type KernelWeights,
  type Planes,
  wordsPerRow,
} from '@apb/core';

/** A product: m output channels of k weights, n rows of activations. */
export interface ProductShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export interface Operands {
  readonly weights: KernelWeights;
  readonly activationBits: ActivationBits;
  /** Signs for one bit, codes for more. */
  readonly activations: Planes;
  readonly encoding: Encoding;
}

export function randomOperands({ m, k, n }: ProductShape, weightBits: 1 | 2, bits: ActivationBits): Operands {
  const scales = Float32Array.of(1);
  const none = { positions: new Uint32Array(), values: new Float32Array() };
  return {
    weights:
      weightBits === 1
        ? { kind: 'apb', signs: filled(allocPlanes('sign', 1, m, k)), scales, ...none }
        : { kind: 'twoBit', codes: filled(allocPlanes('code', 2, m, k)), scales },
    activationBits: bits,
    activations: filled(allocPlanes(bits === 1 ? 'sign' : 'code', bits, n, k)),
    encoding: bits === 1 ? { kind: 'sign', bits: 1, scale: 1 } : { kind: 'code', bits, step: 1, base: 0 },
  };
}

/** Random bits, padding left zero. */
function filled(planes: Planes): Planes {
  const { k, words } = planes;
  const perRow = wordsPerRow(k);
  const tail = k % 32 === 0 ? 0xffffffff : 2 ** (k % 32) - 1;
  for (let i = 0; i < words.length; i++) {
    const word = Math.floor(Math.random() * 2 ** 32);
    words[i] = (i + 1) % perRow === 0 ? word & tail : word;
  }
  return planes;
}

/** [n, m] exact sums. */
export async function referenceSums({ m, n }: ProductShape, o: Operands): Promise<Int32Array> {
  const reference = createReferenceBackend();
  await reference.init();
  try {
    const { activationBits } = o;
    const sums = new Int32Array(n * m);
    reference.gemmInt(
      reference.importPlanes(o.activations, o.encoding),
      reference.prepareWeights(o.weights, { activationBits }),
      sums,
    );
    return sums;
  } finally {
    reference.dispose();
  }
}
