import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { ActivationQuantizer, type ActivationQuantizerArgs } from '../../layers/activationQuantizer.js';
import { isRectified } from './rectified.js';
import { inputsOf, type Scan } from './scan.js';

/** Whether the input of a compressed layer is quantized, and why not. */
export interface ActivationDecision {
  readonly layer: layers.Layer;
  readonly quantized: boolean;
  readonly reason?: string;
}

/** Decides for compressed layers; a quantizer must be well defined for every value that a layer takes. */
export function decideActivations(
  compressed: readonly layers.Layer[],
  scan: Scan,
  bits: number,
): ActivationDecision[] {
  return compressed.map(layer => {
    const reason = scan
      .sources(layer)
      .flatMap(t => scan.resolve(behindPadding(t)))
      .map(t => obstacleOf(t, scan, bits))
      .find(found => found !== undefined);
    return { layer, quantized: reason === undefined, ...(reason && { reason }) };
  });
}

function obstacleOf(tensor: SymbolicTensor, scan: Scan, bits: number): string | undefined {
  const className = tensor.sourceLayer.getClassName();
  if (className === 'InputLayer') return "it takes the model's input";
  if (className === 'ActivationQuantizer') return 'its input is quantized already';
  if (bits === 1 && isRectified(tensor, scan))
    return `no value of ${tensor.sourceLayer.name} is negative, every sign would be +1: use 2 bits, or move the ReLU behind the layer`;
  return undefined;
}

/** The value before zero padding: zeros are padded to quantized values, as the packed convolution does. */
export function behindPadding(tensor: SymbolicTensor): SymbolicTensor {
  return tensor.sourceLayer.getClassName() === 'ZeroPadding2D' ? behindPadding(inputsOf(tensor)[0]) : tensor;
}

/** A quantizer for a value: from zero up behind a ReLU, symmetric where values have both signs. */
export function quantizerOf(
  tensor: SymbolicTensor,
  name: string,
  bits: ActivationQuantizerArgs['bits'],
  scan: Scan,
): ActivationQuantizer {
  const symmetric = bits !== 1 && !isRectified(tensor, scan);
  return new ActivationQuantizer({ name, bits, ...(symmetric && { uniform: { symmetric } }) });
}
