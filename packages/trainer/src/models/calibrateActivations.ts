import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { aroundCalls } from './calls.js';
import { activationQuantizers } from './walk.js';

/** Values looked at per quantizer, evenly spaced over the batch. */
const sampleSize = 2 ** 14;

/**
 * Fits the interval of every activation quantizer to one batch, in the network's order, so that each sees values
 * already quantized before it. Batch norms use their running statistics.
 * @param batch input [N, H, W, C]; not disposed
 */
export function calibrateActivations(model: LayersModel, batch: tf.Tensor): void {
  aroundCalls(
    activationQuantizers(model),
    (layer, input, call) => {
      layer.calibrate(sampleOf(input.dataSync() as Float32Array));
      return call({});
    },
    () => tf.tidy(() => void model.apply(batch, { training: false })),
  );
}

function sampleOf(values: Float32Array): Float32Array {
  const count = Math.min(sampleSize, values.length);
  return Float32Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]);
}
