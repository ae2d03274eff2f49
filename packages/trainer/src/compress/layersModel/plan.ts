import { InputError } from '@apb/core';
import { LayersModel, type layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { inputsOf, type Scan } from './scan.js';

/** Layers that stay in full precision: by name, or by a function that is told what the default would be. */
export type Keep = readonly string[] | ((layer: layers.Layer, byDefault: boolean) => boolean);

/** What becomes of a layer with weights, and why where it stays as it is. */
export interface LayerDecision {
  readonly layer: layers.Layer;
  readonly compress: boolean;
  readonly reason?: string;
}

const COMPRESSIBLE = new Set(['Conv2D', 'DepthwiseConv2D', 'SeparableConv2D', 'Dense']);
const CONVOLUTIONS = new Set(['Conv2D', 'DepthwiseConv2D', 'SeparableConv2D']);

/**
 * Decides for every layer that has a matrix of weights. By default the first convolution and the layers that make
 * the outputs stay in full precision, as in the paper (Nardini et al., arXiv 2306.08960).
 * @throws InputError for names in `keep` that no such layer has
 */
export function decide(model: LayersModel, scan: Scan, keep?: Keep): LayerDecision[] {
  const weighted = scan.layers.filter(hasMatrix);
  checkNames(weighted, keep);
  const first = weighted.find(layer => CONVOLUTIONS.has(layer.getClassName()));
  const last = new Set(model.outputs.flatMap(output => makersOf(output, scan)));
  return weighted.map(layer => {
    const obstacle = obstacleOf(layer);
    if (obstacle) return { layer, compress: false, reason: obstacle };
    const byDefault = layer === first ? 'the first convolution' : last.has(layer) ? 'makes the output' : '';
    if (typeof keep === 'function') {
      const kept = keep(layer, byDefault !== '');
      return { layer, compress: !kept, ...(kept && { reason: 'kept as asked' }) };
    }
    if (keep?.includes(layer.name)) return { layer, compress: false, reason: 'kept as asked' };
    if (!keep && byDefault) return { layer, compress: false, reason: `kept: ${byDefault}` };
    return { layer, compress: true };
  });
}

/** Why a layer cannot be compressed. */
function obstacleOf(layer: layers.Layer): string | undefined {
  const className = layer.getClassName();
  if (/^Apb/.test(className)) return 'compressed already';
  if (!COMPRESSIBLE.has(className)) return `its class ${className} has no compressed counterpart`;
  const { dataFormat, dilationRate } = layer.getConfig();
  if (dataFormat === 'channelsFirst') return 'only channels-last data can be compressed';
  if (className === 'DepthwiseConv2D' && [dilationRate].flat().some(rate => rate !== 1))
    return "tf.layers' depthwiseConv2d does not apply its dilationRate; replace it by ApbDepthwiseConv2D";
  return undefined;
}

/** Batch norms and the like have vectors only. */
function hasMatrix(layer: layers.Layer): boolean {
  return layer.weights.some(w => w.shape.length > 1 && w.originalName.split('/').pop()!.endsWith('kernel'));
}

/** The layers with matrices that a value comes from without another between. */
function makersOf(tensor: SymbolicTensor, scan: Scan): layers.Layer[] {
  return scan.resolve(tensor).flatMap(found => {
    const { sourceLayer: layer } = found;
    if (layer.getClassName() === 'InputLayer') return [];
    return hasMatrix(layer) ? [layer] : inputsOf(found).flatMap(t => makersOf(t, scan));
  });
}

function checkNames(weighted: readonly layers.Layer[], keep?: Keep): void {
  if (!Array.isArray(keep)) return;
  const names = weighted.map(layer => layer.name);
  const unknown = keep.find(name => !names.includes(name));
  if (unknown !== undefined)
    throw new InputError(`keep names ${unknown}, but the layers with weights are ${names.join(', ')}`);
}

/** @throws InputError for what is no model of the same copy of TensorFlow.js */
export function checkModel(model: unknown): asserts model is LayersModel {
  if (!(model instanceof LayersModel))
    throw new InputError(
      'compress takes a tf.LayersModel of the same @tensorflow/tfjs-layers 4.22.0 that @apb/trainer uses; see that it is installed once',
    );
}
