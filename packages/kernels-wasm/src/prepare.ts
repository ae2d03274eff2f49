import { checkWeights, type KernelWeights, type WeightUse } from '@apb/core';
import type { Device } from './device.js';
import { prepareFloat } from './prepareFloat.js';
import { prepareInt } from './prepareInt.js';
import { WasmWeights } from './weights.js';

/** Checks everything, then repacks. @throws as KernelBackend.prepareWeights */
export function prepareWeights(device: Device, weights: KernelWeights, use: WeightUse): WasmWeights {
  const { product, rows, k, geometry } = checkWeights(weights, use);
  const blocks = device.memory.scope();
  try {
    const content =
      weights.kind !== 'float' && use.activationBits !== 32
        ? prepareInt(device, blocks, weights, geometry)
        : prepareFloat(device, blocks, weights as Exclude<KernelWeights, { kind: 'twoBit' }>, geometry);
    return new WasmWeights(device, product, rows, k, geometry, blocks, content);
  } catch (error) {
    blocks.release();
    throw error;
  }
}
