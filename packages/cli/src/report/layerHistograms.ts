import { denseValues, isBinarized, type Model, type ModelMemory, type WeightData } from '@apb/core';
import type { CompressedLayer } from '@apb/trainer';
import { histogramOf, type WeightHistogram, type WeightKind } from './histogram.js';

export interface LayerHistogram {
  readonly layer: string;
  readonly histogram: WeightHistogram;
  /** Whether they are the weights that training moves, not the quantized ones. */
  readonly latent: boolean;
  /** Scale of the layer, or the mean over channels; absent where there is none. */
  readonly alpha?: number;
  readonly channels?: number;
  readonly delta?: number;
}

/** The weights of every convolution and dense layer as a model file holds them. */
export function storedHistograms(model: Model, memory: ModelMemory): LayerHistogram[] {
  return memory.layers.map(({ name, parameter }) => {
    const data = model.weights[parameter];
    const alpha = scalesOf(data);
    return {
      layer: name,
      latent: false,
      histogram: histogramOf(denseValues(data), kindsOf(data), alpha),
      ...described(alpha),
    };
  });
}

/** The latent weights of a run's compressed layers, after its last finished epoch. */
export async function latentHistograms(path: string): Promise<LayerHistogram[]> {
  const { compressedLayers, loadRun, selectEngine } = await import('@apb/trainer');
  await selectEngine('wasm');
  const { model } = await loadRun(path);
  try {
    return compressedLayers(model).map(latentHistogram);
  } finally {
    model.dispose();
  }
}

function latentHistogram({ name, weightQuantizer: kernel }: CompressedLayer): LayerHistogram {
  const { kind } = kernel.quantizer.config;
  const w = kernel.latent();
  const { alpha, delta } = kernel.scales();
  const scales = kind === 'apb' || kind === 'binary' ? alpha : [];
  const common = { layer: name, latent: true, ...described(alpha), ...(Number.isFinite(delta) && { delta }) };
  if (kind === 'apb') {
    const kindOf = (i: number) =>
      isBinarized(w[i], alpha[i % alpha.length], delta) ? 'binarized' : 'full precision';
    return { ...common, histogram: histogramOf(w, kindOf, scales, delta) };
  }
  if (kind === 'binary') return { ...common, histogram: histogramOf(w, () => 'binarized', scales, delta) };
  if (kind === 'kbit') return { ...common, histogram: histogramOf(w, () => 'quantized') };
  const quantized = kernel.quantized(false);
  const values = quantized.dataSync();
  quantized.dispose();
  return { ...common, histogram: histogramOf(w, i => (values[i] === 0 ? 'zero' : 'kept')) };
}

/** What the weights of an encoding stand as, by flat index. */
function kindsOf(data: WeightData): (index: number) => WeightKind {
  switch (data.encoding) {
    case 'float':
      return () => 'full precision';
    case 'apb': {
      const own = new Set(data.weights.positions);
      return i => (own.has(i) ? 'full precision' : 'binarized');
    }
    case 'binary':
      return () => 'binarized';
    case 'kbit':
      return () => 'quantized';
    default: {
      const values = denseValues(data);
      return i => (values[i] === 0 ? 'zero' : 'kept');
    }
  }
}

function scalesOf(data: WeightData): ArrayLike<number> {
  if (data.encoding === 'apb') return data.weights.scales;
  return data.encoding === 'binary' ? data.scales : [];
}

function described(alpha: ArrayLike<number>): Pick<LayerHistogram, 'alpha' | 'channels'> {
  if (alpha.length === 0) return {};
  const mean = Array.from(alpha).reduce((a, b) => a + b, 0) / alpha.length;
  return { alpha: mean, ...(alpha.length > 1 && { channels: alpha.length }) };
}
