import { type ActivationBits, denseValues, type KernelWeights, productOf, type WeightData } from '@apb/core';

/** A layer's weights as kernels take them and the width of the activations they have to meet. */
export interface LayerWeights {
  readonly weights: KernelWeights;
  readonly activationBits: ActivationBits | 32;
}

/**
 * Keeps weights packed where there is a product for these activations: binary with 1, 2, 4, 8 bits or float32,
 * 2-bit with 1, 2 or 4 bits. Everything else becomes float32 weights that want float32 activations.
 */
export function layerWeights(data: WeightData, activationBits: ActivationBits | 32): LayerWeights {
  const packed = packedWeights(data);
  if (packed && productOf(packed.kind === 'apb' ? 1 : 2, activationBits))
    return { weights: packed, activationBits };
  const rows = data.shape[0];
  const values = denseValues(data);
  return { weights: { kind: 'float', rows, k: values.length / rows, values }, activationBits: 32 };
}

function packedWeights(data: WeightData): Exclude<KernelWeights, { kind: 'float' }> | undefined {
  switch (data.encoding) {
    case 'apb':
      return { kind: 'apb', ...data.weights };
    case 'binary': {
      const { signs, scales } = data;
      return { kind: 'apb', signs, scales, positions: new Uint32Array(0), values: new Float32Array(0) };
    }
    case 'kbit':
      // With 2 bits, scale * (2q - 3): exactly the kernels' 2-bit weights.
      return data.codes.bits === 2 ? { kind: 'twoBit', codes: data.codes, scales: data.scales } : undefined;
    default:
      return undefined;
  }
}
