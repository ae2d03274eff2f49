import { paperBits } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { compressedLayers } from './walk.js';

/** State of one compressed layer. */
export interface LayerReport {
  readonly name: string;
  /** Number of weights. */
  readonly weights: number;
  /** Full-precision weights with |w| below and above the binarized interval: two different faults, so logged apart. */
  readonly below: number;
  readonly above: number;
  readonly fullPrecisionShare: number;
  /** One scale for the layer, or one per output channel. */
  readonly alpha: readonly number[];
  /** Infinity for a plain binary layer. */
  readonly delta: number;
  /** By the paper's accounting. */
  readonly bits: number;
}

/** The compressed layers of a model, in its order. */
export function layerReport(model: LayersModel): LayerReport[] {
  return compressedLayers(model).map(layer => {
    const q = layer.weightQuantizer;
    const { alpha, delta } = q.scales();
    const { below, above } = q.fullPrecision();
    return {
      name: layer.name,
      weights: q.size,
      below,
      above,
      fullPrecisionShare: (below + above) / q.size,
      alpha: [...alpha],
      delta,
      bits: paperBits(q.size, below + above, alpha.length),
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
