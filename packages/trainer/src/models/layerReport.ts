import { paperBitsOf, type WeightData } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { compressedLayers } from './walk.js';

/** State of one compressed layer. */
export interface LayerReport {
  readonly name: string;
  /** Number of weights. */
  readonly weights: number;
  readonly encoding: WeightData['encoding'];
  /**
   * Full-precision weights with |w| below and above the binarized interval: two different faults, so logged apart.
   * What pruning keeps is above; codes of k bits are not full precision.
   */
  readonly below: number;
  readonly above: number;
  readonly fullPrecisionShare: number;
  /** Scales as a file keeps them: one for the layer, one per output channel, or none (pruned). */
  readonly alpha: readonly number[];
  /** Infinity where there is none. */
  readonly delta: number;
  /** By the paper's accounting, extended to the other encodings as core's `memoryOf` says. */
  readonly bits: number;
}

/** The compressed layers of a model, in its order. */
export function layerReport(model: LayersModel): LayerReport[] {
  return compressedLayers(model).map(layer => {
    const q = layer.weightQuantizer;
    const { below, above } = q.fullPrecision();
    const data = q.toWeightData('float32');
    return {
      name: layer.name,
      weights: q.size,
      encoding: data.encoding,
      below,
      above,
      fullPrecisionShare: (below + above) / q.size,
      alpha: [...scalesOf(data)],
      delta: q.scales().delta,
      bits: paperBitsOf(data),
    };
  });
}

/** The paper's bits per weight over the compressed layers; 32 for a model without any. */
export function bitsPerWeight(model: LayersModel): number {
  const report = layerReport(model);
  if (report.length === 0) return 32;
  const total = (of: (layer: LayerReport) => number) => report.reduce((sum, layer) => sum + of(layer), 0);
  return total(layer => layer.bits) / total(layer => layer.weights);
}

function scalesOf(data: WeightData): Float32Array {
  if (data.encoding === 'apb') return data.weights.scales;
  return 'scales' in data ? data.scales : new Float32Array(0);
}
