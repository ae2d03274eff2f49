import { quantizeValue } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { batches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { firstOf } from '../data/subset.js';
import { aroundCalls } from '../models/calls.js';
import { activationQuantizers } from '../models/walk.js';
import { inferenceBatch } from './evaluate.js';
import { imagesOf } from './step.js';

/** Test pictures looked at, at most: a few thousand values even in the smallest layer. */
const PICTURES = 64;

/** How one-sided the input of a compressed layer is. */
export interface InputShare {
  /** Name of the activation quantizer. */
  readonly layer: string;
  /** Share of the most frequent sign or code: 1 is a dead input that tells the layer nothing. */
  readonly largestShare: number;
}

/** The share of every quantized input's most frequent code, over the first test pictures. */
export async function inputShares(model: LayersModel, dataset: Dataset): Promise<InputShare[]> {
  const quantizers = activationQuantizers(model);
  if (quantizers.length === 0) return [];
  const shares: InputShare[] = [];
  const pictures = Math.min(PICTURES, inferenceBatch(model));
  // One batch.
  for await (const batch of batches(firstOf(dataset.test, pictures), dataset, pictures))
    aroundCalls(
      quantizers,
      (layer, input, call) => {
        const quantizer = layer.toQuantizer();
        const counts = new Uint32Array(2 ** layer.activation.bits);
        for (const x of input.dataSync()) counts[quantizeValue(x, quantizer)]++;
        shares.push({ layer: layer.name, largestShare: Math.max(...counts) / input.size });
        return call({});
      },
      () => tf.tidy(() => void model.apply(imagesOf(model, batch), { training: false })),
    );
  return shares;
}
