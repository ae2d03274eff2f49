import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { inputsOf, type Scan } from './scan.js';

/** Functions whose values are never negative. */
const RECTIFYING = new Set([
  'relu',
  'relu6',
  'sigmoid',
  'hardSigmoid',
  'hard_sigmoid',
  'softmax',
  'softplus',
]);

/** Layers whose values are not negative where none of their inputs is. */
const PASSING = new Set([
  'Add',
  'AveragePooling2D',
  'Average',
  'Concatenate',
  'Cropping2D',
  'Dropout',
  'Flatten',
  'GlobalAveragePooling2D',
  'GlobalMaxPooling2D',
  'MaxPooling2D',
  'Maximum',
  'Multiply',
  'Permute',
  'Reshape',
  'SpatialDropout2D',
  'UpSampling2D',
  'ZeroPadding2D',
]);

/** Whether a value is known never to be negative, whatever the weights. */
export function isRectified(tensor: SymbolicTensor, scan: Scan): boolean {
  return scan.resolve(tensor).every(found => {
    const { sourceLayer: layer } = found;
    if (layer.getClassName() === 'ReLU' || layer.getClassName() === 'Softmax') return true;
    if (RECTIFYING.has(activationOf(layer))) return true;
    return PASSING.has(layer.getClassName()) && inputsOf(found).every(t => isRectified(t, scan));
  });
}

/** The function that a layer ends with: 'linear' where it has none. */
export function activationOf(layer: layers.Layer): string {
  if (layer.getClassName() === 'Softmax') return 'softmax';
  return (layer.getConfig().activation as string | undefined) ?? 'linear';
}
